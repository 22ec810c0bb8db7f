// The activations beside a layer, which it makes and takes back itself, while the values are in cache. A layer calls
// these for each part of its output that is finished; without an activation they do nothing.
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
