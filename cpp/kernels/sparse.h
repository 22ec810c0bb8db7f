// The arithmetic of the layers that have one row of weights a data column. Beside kernels.h, under the same rules:
// single-threaded, noexcept, no allocation, sums in a fixed order; a table an instruction set, chosen with the same
// name.
#pragma once

#include "kernels/kernels.h"

namespace nrw {

// Sums over one column of a residual.
struct ResidualSums {
  double squares = 0;  // of the residual, before scaling
  float gradient = 0;  // of the scaled residual: the gradient of the column's bias
};

struct SparseKernels {
  const char* name;

  // y (n) = sum over e of values[e] * x[rows[e] * stride + (0 ... n)], or += with accumulate. Every element is summed
  // over e in rising order. y must not overlap x.
  void (*gather)(size_t n, size_t entries, const uint32_t* rows, const float* values, const float* x, size_t stride,
                 bool accumulate, float* y) noexcept;

  // One column of the residual of m samples. r: in, h W_j^T; out, scale * (r + bias - y) with y sparse: targets[e] in
  // row rows[e], 0 elsewhere.
  ResidualSums (*residual)(size_t m, float bias, size_t entries, const uint32_t* rows, const float* targets,
                           float scale, float* r) noexcept;
};

// The table that goes with `kernels`: of the same name, or the plain one where there is none.
const SparseKernels& sparse_kernels(const Kernels& kernels) noexcept;

}  // namespace nrw
