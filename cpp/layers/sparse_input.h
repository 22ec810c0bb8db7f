// The first layer over sparse rows: y = x W + b with x (m x columns) sparse, W (columns x width), y (m x width).
// Forward adds the W rows of the batch's non-zeros. Backward needs no gradient to x; the gradient of W's row j is
// sum_i x_ij d_y_i, made and used up column by column, while the row is in cache.
#pragma once

#include "base/batch.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"
#include "kernels/sparse.h"
#include "layers/column_weights.h"
#include "layers/input_layer.h"
#include "layers/missed_steps.h"

namespace nrw {

class SparseInput final : public InputLayer {
 public:
  SparseInput(const Kernels& kernels, ThreadPool& pool)
      : kernels_(kernels), sparse_(sparse_kernels(kernels)), pool_(pool) {}

  // From now on rows without a gradient are left behind where the optimizer has a closed form for it, and caught up
  // when they are needed: W and its moments are then to be read through missed() and catch_up().
  void leave_behind(const OptimizerStep& settings, uint32_t columns);
  // From now on backward_update leaves untouched rows as they are, whatever the optimizer would do to them.
  void only_touched() noexcept { only_touched_ = true; }
  MissedSteps& missed() noexcept { return missed_; }

  // Elements [first, first + count) of a row as they are after all steps, without storing them.
  void read_row(const ColumnWeights& w, size_t column, size_t first, size_t count, float* out) const noexcept;
  // Brings all rows up to date.
  void catch_up(ColumnWeights& w) noexcept;

  // y (m x width, leading dimension width) = inputs W + bias (width; NULL for none). W is not changed.
  void forward(const SparseBatch& batch, const ColumnWeights& w, const float* bias, float* y,
               const After& after = {}) override;

  // Updates W (untouched rows with a gradient of zero, now or when they are caught up: exact for any optimizer).
  // Returns the sum of squares of the gradient, before step.gradient_scale. The bias is the caller's (its gradient is
  // the column sum of d_y).
  double backward_update(const SparseBatch& batch, const float* d_y, ColumnWeights& w,
                         const OptimizerStep& step) override;

  // The same sum of squares without an update, for clipping by norm.
  double gradient_sum_squares(const SparseBatch& batch, const float* d_y, const ColumnWeights& w) override;

  // d_w (columns x w.stride) += the gradient.
  void add_gradient(const SparseBatch& batch, const float* d_y, const ColumnWeights& w, float* d_w) override;

 private:
  void forward_part(const SparseBatch& batch, const ColumnWeights& w, size_t part, size_t parts, unsigned worker);
  template <class Use>
  double for_each_gradient(const SparseBatch& batch, const float* d_y, const ColumnWeights& w, bool all, Use&& use);
  void catch_up_row(ColumnWeights& w, size_t column) const noexcept;

  const Kernels& kernels_;
  const SparseKernels& sparse_;
  ThreadPool& pool_;
  MissedSteps missed_;
  bool only_touched_ = false;
  AlignedBuffer<float> workspace_;
  AlignedBuffer<float> rows_;  // a worker: rows of W as they are after all steps
  AlignedBuffer<uint32_t> cursor_;
  AlignedBuffer<uint32_t> place_;  // nnz: an entry's row in rows_
  AlignedBuffer<double> partial_;
};

}  // namespace nrw
