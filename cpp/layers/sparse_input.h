// The first layer over sparse rows: y = x W + b with x (m x columns) sparse, W (columns x width), y (m x width).
// Forward adds the W rows of the batch's non-zeros. Backward needs no gradient to x; the gradient of W's row j is
// sum_i x_ij d_y_i, made and used up column by column, while the row is in cache.
#pragma once

#include "base/batch.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"
#include "kernels/sparse.h"
#include "layers/column_weights.h"

namespace nrw {

class SparseInput {
 public:
  SparseInput(const Kernels& kernels, ThreadPool& pool)
      : kernels_(kernels), sparse_(sparse_kernels(kernels)), pool_(pool) {}

  // y (m x width, leading dimension width) = inputs W + bias (width; NULL for none).
  void forward(const SparseBatch& batch, const ColumnWeights& w, const float* bias, float* y);

  // Updates every row of W (untouched rows with a gradient of zero: exact for any optimizer). Returns the sum of
  // squares of the gradient, before step.gradient_scale. The bias is the caller's (its gradient is the column sum of
  // d_y).
  double backward_update(const SparseBatch& batch, const float* d_y, ColumnWeights& w, const OptimizerStep& step);

  // The same sum of squares without an update, for clipping by norm.
  double gradient_sum_squares(const SparseBatch& batch, const float* d_y, const ColumnWeights& w);

  // d_w (columns x w.stride) += the gradient.
  void add_gradient(const SparseBatch& batch, const float* d_y, const ColumnWeights& w, float* d_w);

 private:
  template <class Use>
  double for_each_gradient(const SparseBatch& batch, const float* d_y, const ColumnWeights& w, Use&& use);

  const Kernels& kernels_;
  const SparseKernels& sparse_;
  ThreadPool& pool_;
  AlignedBuffer<float> workspace_;
  AlignedBuffer<uint32_t> cursor_;
  AlignedBuffer<double> partial_;
};

}  // namespace nrw
