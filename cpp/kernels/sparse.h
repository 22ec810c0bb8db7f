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

// What some steps without a gradient do to one row (layers/missed_steps.h):
//   Adam (with s2)  w' = keep w - s1 sum of weight[k] / (sqrt(s2) + offset[k]), s1' = decay1 s1, s2' = decay2 s2;
//                   weight[2] is seldom other than 0
//   SGD             w' = keep w + from_s1 s1, s1' = s1_from_w w + decay1 s1
struct CatchUp {
  float keep = 1;
  float weight[3] = {0, 0, 0}, offset[3] = {1, 1, 1};
  float from_s1 = 0, s1_from_w = 0;
  float decay1 = 1, decay2 = 1;
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

  // The sum over n elements of a b, in double.
  double (*dot)(size_t n, const float* a, const float* b) noexcept;

  // n elements of a row through the steps it has missed. s1, s2: the optimizer's state as Kernels::update has it, else
  // NULL. Outputs are the inputs themselves or apart from them; those of the state may be NULL.
  void (*catch_up)(size_t n, const CatchUp& missed, const float* w, const float* s1, const float* s2, float* w_out,
                   float* s1_out, float* s2_out) noexcept;
};

// The table that goes with `kernels`: of the same name, or the plain one where there is none.
const SparseKernels& sparse_kernels(const Kernels& kernels) noexcept;

}  // namespace nrw
