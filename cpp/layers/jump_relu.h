// JumpReLU (Rajamanoharan et al. 2024, "Jumping ahead"): y = x where x > theta, else 0, with a learned threshold theta
// = exp(log_threshold) of each unit (of signals and images of each channel). The penalty is weight * the number of
// values above their threshold (L0), summed over units and rows.
//
// Neither has a slope in theta but at the jump, so the backward pass takes the paper's pseudo-derivatives, with a
// rectangle of width `bandwidth` for the kernel: where |x - theta| < bandwidth / 2
//
//   d y / d theta = -theta / bandwidth        d [x > theta] / d theta = -1 / bandwidth
//
// and times theta for log_threshold. d y / d x = [x > theta]; the count has no gradient to x.
#pragma once

#include <cmath>

#include "layers/layer_type.h"
#include "layers/products.h"

namespace nrw {

extern const LayerType jump_relu_type;

// What one value adds to the gradient of its log_threshold, for a gradient d_y to y and a penalty of `weight` a value.
template <class T>
T jump_relu_threshold_gradient(T x, T theta, T bandwidth, T d_y, T weight) noexcept {
  const T slope = -theta / bandwidth * (theta * d_y + weight);
  return static_cast<T>(std::fabs(x - theta) < bandwidth / 2) * slope;
}

class JumpRelu final : public Layer {
 public:
  explicit JumpRelu(const LayerContext& context);

  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  double penalty() const noexcept override { return penalty_; }
  std::vector<Parameter*> parameters() override { return {&log_threshold_}; }

 private:
  Products& products_;
  const uint32_t units_;   // channels
  const uint64_t places_;  // of a row
  const double weight_;
  const float bandwidth_;
  Parameter log_threshold_;         // units
  AlignedBuffer<float> threshold_;  // units: of the last forward pass
  AlignedBuffer<double> above_;     // values above their threshold, by the rows' weights: one sum a task
  double penalty_ = 0;
};

}  // namespace nrw
