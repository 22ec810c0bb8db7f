// The activations before and after a layer. The layer itself computes them and their gradients while the values are in
// cache: it calls these functions for each finished part of its output. Without an activation they do nothing.
#pragma once

#include <cstddef>

namespace nrw {

class ActivationLayer;

// After the layer: z = f(y) of the same place.
struct After {
  const ActivationLayer* activation = nullptr;
  float* z = nullptr;
  void operator()(size_t at, size_t n, const float* y) const noexcept {
    if (activation != nullptr) apply(at, n, y);
  }
  void apply(size_t at, size_t n, const float* y) const noexcept;
};

// Before the layer: the gradient to x = f(u) becomes that to u, in place.
struct Before {
  const ActivationLayer* activation = nullptr;
  const float* u = nullptr;
  void operator()(size_t at, size_t n, float* d_x) const noexcept {
    if (activation != nullptr) apply(at, n, d_x);
  }
  void apply(size_t at, size_t n, float* d_x) const noexcept;
};

}  // namespace nrw
