// Connections around a list of layers f. residual: y = x + f(x), where f(x) has the shape of x (He et al. 2016).
// dense_skip: at each place the channels of x, then those of f(x) (Huang et al. 2017), as torch.cat([x, f(x)], 1).
// In PyTorch: a module whose member `layers` is an nn.Sequential of f; tensors are named layers.0.weight and so on.
#pragma once

#include "layers/inner_layers.h"

namespace nrw {

extern const LayerType residual_type, dense_skip_type;

class Residual final : public OuterLayer {
 public:
  using OuterLayer::OuterLayer;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
};

class DenseSkip final : public OuterLayer {
 public:
  explicit DenseSkip(const LayerContext& context)
      : OuterLayer(context), places_(context.input.places()), channels_(context.input.channels()) {}
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;

 private:
  const size_t places_, channels_;  // channels: of x
};

}  // namespace nrw
