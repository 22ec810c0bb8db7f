// The sum of squares of the sparse input layer's gradient G = X^T D without making G (columns x width):
//   |G|^2 = sum over samples i, k of (X X^T)_ik (D D^T)_ik
// X X^T takes a pair of entries for each two samples that share a column, which is little where columns have few, and
// nothing where someone else has it already.
#pragma once

#include "base/batch.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"
#include "kernels/sparse.h"

namespace nrw {

class SparseNorm {
 public:
  SparseNorm(const Kernels& kernels, ThreadPool& pool)
      : kernels_(kernels), sparse_(sparse_kernels(kernels)), pool_(pool) {}

  // Whether the batch has so few samples that pairs of them are few.
  static bool few(const SparseBatch& batch) noexcept;
  // Whether, X X^T included, it takes clearly less time than a pass over the touched rows of W. A function of the
  // batch.
  static bool cheap(const SparseBatch& batch, size_t width) noexcept;
  // d (m x width). gram: X X^T (m x m, at least on and above the diagonal), or NULL: then it is made here. The bits do
  // not depend on threads.
  double sum_squares(const SparseBatch& batch, const float* d, size_t width, const double* gram = nullptr);

 private:
  double make_pairs(const SparseBatch& batch, const float* d, size_t width);

  const Kernels& kernels_;
  const SparseKernels& sparse_;
  ThreadPool& pool_;
  AlignedBuffer<double> pairs_;    // a part: m x m, on and above the diagonal
  AlignedBuffer<double> partial_;  // a part, or a sample
  AlignedBuffer<float> gradient_;  // a worker: width
};

}  // namespace nrw
