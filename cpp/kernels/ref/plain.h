// The reference functions that are long enough for a file of their own. Contracts: kernels.h.
#pragma once

#include "kernels/kernels.h"

namespace nrw::plain {

void activate(Activation kind, size_t n, const float* x, float p, float* y) noexcept;
void activate_backward(Activation kind, size_t n, const float* x, const float* d_y, float p, float* d_x) noexcept;
void update(size_t n, const OptimizerStep& step, const float* g, float* w, float* s1, float* s2) noexcept;

}  // namespace nrw::plain
