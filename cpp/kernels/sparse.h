// The arithmetic of the layers that have one row of weights for each data column. The rules of kernels.h hold:
// functions are single-threaded and noexcept and allocate nothing, and sums have a fixed order. There is one table for
// each instruction set, with the name of the table of kernels.h.
#pragma once

#include "kernels/kernels.h"

namespace nrw {

// Sums over one column of a residual.
struct ResidualSums {
  double squares = 0;  // of the residual, before scaling
  float gradient = 0;  // of the scaled residual: the gradient of the column's bias
};

// The effect of some steps without a gradient on one row (layers/missed_steps.h):
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

  // y (n) = sum over e of values[e] * x[rows[e] * stride + (0 ... n)], or y += if `accumulate` is set. Every element is
  // summed over e in rising order. y must not overlap x.
  void (*gather)(size_t n, size_t entries, const uint32_t* rows, const float* values, const float* x, size_t stride,
                 bool accumulate, float* y) noexcept;

  // One column of the residual of m samples. r is h W_j^T on input and scale * (r + bias - y) on output. y is sparse:
  // it is targets[e] in row rows[e] and 0 elsewhere.
  ResidualSums (*residual)(size_t m, float bias, size_t entries, const uint32_t* rows, const float* targets,
                           float scale, float* r) noexcept;

  // The sum over n elements of a b, in double.
  double (*dot)(size_t n, const float* a, const float* b) noexcept;

  // y[e] = sum over r < rounds and i < n of a[r * a_step + i] * b[r * b_step + rows[e] * stride + i], or y[e] += if
  // `accumulate` is set. The order of a sum depends on n and `rounds` only. y must not overlap a and b.
  void (*dots)(size_t n, size_t rounds, size_t entries, const uint32_t* rows, const float* a, size_t a_step,
               const float* b, size_t b_step, size_t stride, bool accumulate, float* y) noexcept;

  // Applies the steps that a row of n elements has missed. s1 and s2 are the optimizer's state as in Kernels::update,
  // or NULL. The outputs may be the inputs themselves but must not overlap them otherwise; those of the state may be
  // NULL.
  void (*catch_up)(size_t n, const CatchUp& missed, const float* w, const float* s1, const float* s2, float* w_out,
                   float* s1_out, float* s2_out) noexcept;
};

// The table with the same name as `kernels`, or the plain one if there is none.
const SparseKernels& sparse_kernels(const Kernels& kernels) noexcept;

}  // namespace nrw
