// Functions of a block's outputs that several losses use.
#pragma once

#include <cmath>
#include <cstddef>

#include "kernels/elementary.h"
#include "losses/by_blocks.h"

namespace nrw {

// n <= LossBlock::kRows. sigmoid = 1 / (1 + e^-x), softplus = log(1 + e^x); either may be NULL.
inline void sigmoid_softplus(const ElementaryKernels& elementary, size_t n, const float* x, float* sigmoid,
                             float* softplus) noexcept {
  float a[LossBlock::kRows] = {}, e[LossBlock::kRows];
  for (size_t i = 0; i < n; ++i) a[i] = -std::fabs(x[i]);
  elementary.exp(n, a, e);
  if (sigmoid != nullptr) {
    for (size_t i = 0; i < n; ++i) sigmoid[i] = (x[i] >= 0 ? 1 : e[i]) / (1 + e[i]);
  }
  if (softplus == nullptr) return;
  elementary.log1p(n, e, a);
  for (size_t i = 0; i < n; ++i) softplus[i] = (x[i] > 0 ? x[i] : 0) + a[i];
}

}  // namespace nrw
