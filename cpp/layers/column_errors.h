// Squared errors of sparse targets Y under o = W f, f = [h; 1], summed over many batches without a product of rows x
// columns: with G = sum f f^T,
//   sum_i (o_ij - y_ij)^2 = w_j^T G w_j + sum over the entries of column j of y (y - 2 o).
// A batch costs m p^2 + nnz p operations and the end columns x p^2, p = width + 1. All sums are in double, so what
// cancels where the error is small costs digits of a double.
#pragma once

#include <vector>

#include "base/batch.h"
#include "base/thread_pool.h"
#include "kernels/f64/f64.h"
#include "kernels/kernels.h"
#include "kernels/sparse.h"
#include "layers/column_weights.h"

namespace nrw {

class ColumnErrors {
 public:
  // w, bias (columns, or NULL): the same from the first add to finish.
  ColumnErrors(const Kernels& kernels, ThreadPool& pool, const ColumnWeights& w, const float* bias);

  // Whether this takes clearly less time than the products themselves. rows, nnz: of all batches together.
  static bool worthwhile(double rows, double nnz, double columns, double width) noexcept;
  // Of memory, at most.
  static size_t bytes(size_t columns, size_t width, size_t batch_rows, unsigned threads) noexcept;

  // A sparse batch; h (rows x width).
  void add(const SparseBatch& batch, const float* h);
  // Sum of squared errors of all batches, and column_sse (columns, added to; NULL for none) by column. Once.
  double finish(double* column_sse);

 private:
  void add_moments(uint32_t rows, const float* h);

  const SparseKernels& sparse_;
  const DoubleKernels& doubles_;
  ThreadPool& pool_;
  const ColumnWeights& w_;
  const float* const bias_;
  const size_t p_, ld_;
  AlignedBuffer<double> moments_;  // G, p x ld: of the panel of columns at `first`, rows [0, first + kPanel64)
  AlignedBuffer<double> features_, packed_;
  AlignedBuffer<double> sse_;  // by column: without w^T G w until the end
};

}  // namespace nrw
