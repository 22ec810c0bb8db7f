// y = x; the penalty is weight * sum of |x| over units and rows: behind a relu a sparse code. Gradient: weight *
// sign(x), 0 at 0.
#pragma once

#include "layers/layer_type.h"
#include "layers/products.h"

namespace nrw {

extern const LayerType l1_type;

class L1 final : public Layer {
 public:
  explicit L1(const LayerContext& context);

  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  double penalty() const noexcept override { return penalty_; }

 private:
  Products& products_;
  const size_t width_;
  const double weight_;
  AlignedBuffer<double> partial_;  // one sum a task
  double penalty_ = 0;
};

}  // namespace nrw
