// y = x where it is above 0, else slope x, with a slope that is trained: one, or one a channel (PyTorch's nn.PReLU; He
// et al. 2015). d_x = d_y or slope d_y, d_slope += sum of d_y x over the values that are not above 0.
#pragma once

#include "layers/layer_type.h"

namespace nrw {

extern const LayerType prelu_type;

class PRelu final : public Layer {
 public:
  explicit PRelu(const LayerContext& context);

  void reserve(uint32_t rows) override { partial_.reserve(rows * slopes_); }
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  std::vector<Parameter*> parameters() override { return {&slope_}; }

 private:
  Products& products_;
  const size_t channels_, places_, slopes_;  // slopes: 1 or channels
  Parameter slope_;                          // PyTorch's weight
  AlignedBuffer<double> partial_;            // rows x slopes: each row's share of the gradient
};

}  // namespace nrw
