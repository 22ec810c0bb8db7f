// y = f(a) + b for rows that consist of values a, which go through a list of layers, and b, which go past them. After a
// linear layer it is a sum of two paths from that layer's input, of which the second is linear: with x -> [U x; P x],
// y = f(U x) + P x. In PyTorch: a module whose member `layers` is an nn.Sequential of f, with
//   forward(x) = layers(x[:, :-size]) + x[:, -size:].
#pragma once

#include "layers/inner_layers.h"

namespace nrw {

extern const LayerType shortcut_type;

class Shortcut final : public OuterLayer {
 public:
  explicit Shortcut(const LayerContext& context);
  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;

 private:
  const size_t through_, past_;   // values of a and of b
  AlignedBuffer<float> a_, d_a_;  // rows x through
};

}  // namespace nrw
