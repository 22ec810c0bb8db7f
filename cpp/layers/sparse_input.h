// The first layer over sparse rows: y = x W + b with x (m x columns) sparse, W (columns x width), y (m x width).
// Forward adds the W rows of the batch's non-zeros. Backward needs no gradient to x; the gradient of W's row j is
// sum_i x_ij d_y_i, made and used up column by column, while the row is in cache.
//
// An update may wait for the next forward pass, which makes it block by block just before it reads the block's rows.
// The arithmetic is the same, so are the bits; W and its moments cross memory once a step.
#pragma once

#include "base/batch.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"
#include "kernels/sparse.h"
#include "layers/column_weights.h"
#include "layers/full_columns.h"
#include "layers/input_layer.h"
#include "layers/missed_steps.h"
#include "layers/rows_at_rest.h"
#include "layers/sparse_norm.h"

namespace nrw {

class SparseInput final : public InputLayer {
 public:
  SparseInput(const Kernels& kernels, ThreadPool& pool)
      : kernels_(kernels), sparse_(sparse_kernels(kernels)), pool_(pool), norm_(kernels, pool) {}

  // From now on rows without a gradient are left behind where the optimizer has a closed form for it, and caught up
  // when they are needed: W and its moments are then to be read through missed() and catch_up().
  void leave_behind(const OptimizerStep& settings, uint32_t columns);
  // From now on backward_update leaves untouched rows as they are, whatever the optimizer would do to them.
  void only_touched() noexcept { only_touched_ = true; }
  // From now on an update may wait for the next forward pass: whoever else reads or writes W, its moments or missed()
  // calls flush() first.
  void let_updates_wait() noexcept { may_wait_ = true; }
  void flush(ColumnWeights& w);
  // From now on updates of all rows pass over those that no gradient has moved yet, where that is the same. Whoever
  // else writes W's moments calls look_again() after it.
  void pass_over_rows_at_rest(const OptimizerStep& settings, uint32_t columns) {
    if (RowsAtRest::possible(settings)) at_rest_.enable(columns);
  }
  void look_again() noexcept { at_rest_.forget(); }
  MissedSteps& missed() noexcept { return missed_; }

  // Elements [first, first + count) of a row as they are after all steps, without storing them.
  void read_row(const ColumnWeights& w, size_t column, size_t first, size_t count, float* out) const noexcept;
  // Brings all rows up to date.
  void catch_up(ColumnWeights& w);

  // y (m x width, leading dimension width) = inputs W + bias (width; NULL for none). W changes by an update that waits.
  void forward(const Batch& batch, ColumnWeights& w, const float* bias, float* y, const After& after = {}) override;

  // Updates W, now or when it is next needed (untouched rows with a gradient of zero, now or when they are caught up:
  // exact for any optimizer). Returns the sum of squares of the gradient, before step.gradient_scale; with `squares`
  // false it need not. The bias is the caller's (its gradient is the column sum of d_y). With `gram` (m x m), the
  // inputs' X X^T, that sum costs little, and the update may always wait.
  double backward_update(const Batch& batch, const float* d_y, ColumnWeights& w, const OptimizerStep& step,
                         bool squares = true, const double* gram = nullptr) override;

  // The same sum of squares without an update, for clipping by norm.
  double gradient_sum_squares(const Batch& batch, const float* d_y, const ColumnWeights& w,
                              const double* gram = nullptr) override;

  // d_w (columns x w.stride) += the gradient.
  void add_gradient(const Batch& batch, const float* d_y, const ColumnWeights& w, float* d_w) override;

 private:
  struct Update {
    const SparseBatch* batch = nullptr;
    const float* d_y = nullptr;
    OptimizerStep step;
    bool all = false;          // all rows, or the touched ones
    bool left_behind = false;  // the others have missed a step
    MissedSteps::View before;  // rows against the steps before this one
  };
  // One forward pass.
  struct Forward {
    const SparseBatch& batch;
    ColumnWeights& w;
    size_t parts;
    bool behind;    // rows have missed steps
    bool fused;     // makes the update that waits
    bool any_full;  // columns that most samples have
  };
  void forward_part(const Forward& pass, size_t part, unsigned worker);
  void list_entries(const Forward& pass, size_t begin, size_t end, uint32_t* to, float* copy);
  void add_full(const Forward& pass, size_t begin, size_t end, float* partial, unsigned worker);
  template <class Use>
  void each_gradient(const SparseBatch& batch, const float* d_y, const ColumnWeights& w, bool all, size_t first,
                     size_t end, unsigned worker, Use&& use);
  template <class Body>
  double sum_ranges(size_t count, Body&& body);
  double update_rows(ColumnWeights& w, size_t first, size_t end, bool squares, unsigned worker);
  void update_row(ColumnWeights& w, size_t column, size_t first, size_t count, const float* gradient,
                  const CatchUp* missed) noexcept;
  double update_full(ColumnWeights& w, FullColumns& full, bool squares) noexcept;
  void update_columns(ColumnWeights& w, size_t first, size_t end, unsigned worker);
  void begin_update(const ColumnWeights& w);
  void end_update();
  double update_now(ColumnWeights& w, bool squares);
  void keep(const SparseBatch& batch, const float* d_y, const ColumnWeights& w);
  void catch_up_row(ColumnWeights& w, size_t column, const MissedSteps::View& steps) const noexcept;

  const Kernels& kernels_;
  const SparseKernels& sparse_;
  ThreadPool& pool_;
  SparseNorm norm_;
  MissedSteps missed_;
  RowsAtRest at_rest_;
  bool only_touched_ = false, may_wait_ = false;
  AlignedBuffer<float> workspace_;  // partial sums of y
  AlignedBuffer<float> gradient_;   // a worker: of one row
  AlignedBuffer<float> rows_;       // a worker: rows of W as they are after all steps
  AlignedBuffer<uint32_t> cursor_;
  AlignedBuffer<uint32_t> place_;  // nnz: an entry's row in rows_, or in W
  AlignedBuffer<float> value_;     // nnz: and its value
  AlignedBuffer<float> full_;      // a worker's FullColumns
  AlignedBuffer<double> partial_;

  Update update_;
  bool waits_ = false;  // update_ is yet to be made, with these:
  SparseBatch kept_;    // its inputs by column, as csc_target
  AlignedBuffer<float> kept_d_y_;
  AlignedBuffer<CatchUp> before_;
  AlignedBuffer<float> full_update_, packed_d_y_;  // a worker's FullColumns of update_; d_y packed for their gradients
};

}  // namespace nrw
