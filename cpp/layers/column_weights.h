// Weights that have one row a data column: the sparse input layer (its transpose of PyTorch's out x in) and the output
// layer (PyTorch's own out x in). A column's row is contiguous and aligned, with its moments alongside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/aligned_buffer.h"
#include "base/batch.h"
#include "base/status.h"
#include "kernels/kernels.h"

namespace nrw {

struct ColumnWeights {
  uint32_t columns = 0;
  uint32_t width = 0;                     // the other dimension: hidden units
  size_t stride = 0;                      // floats from row to row, >= width, a multiple of 16
  AlignedBuffer<float> value;             // columns x stride; the padding stays 0
  AlignedBuffer<float> moment1, moment2;  // like value, or empty: OptimizerStep::moments()
  float* row(size_t column) noexcept { return value.data() + column * stride; }
  const float* row(size_t column) const noexcept { return value.data() + column * stride; }
  float* moment1_row(size_t column) noexcept {
    return moment1.data() == nullptr ? nullptr : moment1.data() + column * stride;
  }
  float* moment2_row(size_t column) noexcept {
    return moment2.data() == nullptr ? nullptr : moment2.data() + column * stride;
  }

  // Updates one column's row and moments by its gradient (width; NULL: a gradient of zero).
  void update_row(const Kernels& kernels, const OptimizerStep& step, size_t column, const float* gradient) noexcept {
    kernels.update(width, step, gradient, row(column), moment1_row(column), moment2_row(column));
  }
};

// Throws NRW_INTERNAL where `size` values (weights or biases) lack a moment that the optimizer needs.
inline void require_moments(const OptimizerStep& step, size_t size, const AlignedBuffer<float>& moment1,
                            const AlignedBuffer<float>& moment2) {
  const int moments = step.moments();
  if ((moments >= 1 && moment1.size() < size) || (moments >= 2 && moment2.size() < size)) {
    throw Error(NRW_INTERNAL, format("an optimizer with %d moments was given parameters without them", moments));
  }
}

// Walks the columns of a batch in rising order: the entries of each, which may be none. NULL: a batch without any.
class ColumnCursor {
 public:
  ColumnCursor(const SparseBatch* batch, size_t first_column) noexcept : batch_(batch) {
    if (batch == nullptr || batch->touched == 0) return;
    const uint32_t* const columns = batch->touched_col.data();
    position_ = std::lower_bound(columns, columns + batch->touched, first_column) - columns;
  }
  struct Entries {
    size_t begin = 0, count = 0;  // of csc_row and the values beside it
  };
  // `column` must rise from call to call.
  Entries entries(size_t column) noexcept {
    if (batch_ == nullptr || position_ == batch_->touched || batch_->touched_col[position_] != column) return {};
    const size_t begin = batch_->touched_ptr[position_], end = batch_->touched_ptr[position_ + 1];
    ++position_;
    return {begin, end - begin};
  }

 private:
  const SparseBatch* batch_;
  size_t position_ = 0;  // in touched_col
};

// The targets of a batch, column by column in rising order.
class TargetCursor {
 public:
  TargetCursor(const Batch& batch, size_t first_column) noexcept
      : batch_(batch), entries_(batch.if_sparse(), first_column) {}
  // All of a column, or those that are not 0 by rising row.
  struct Targets {
    const float* dense = nullptr;
    size_t entries = 0;
    const uint32_t* entry_row = nullptr;
    const float* entry = nullptr;
  };
  // `column` must rise from call to call.
  Targets of(size_t column) noexcept {
    if (batch_.is_dense()) return {.dense = batch_.dense().targets_of(column)};
    const SparseBatch& batch = batch_.sparse();
    const auto [begin, count] = entries_.entries(column);
    return {nullptr, count, batch.csc_row.data() + begin, batch.csc_target.data() + begin};
  }

 private:
  const Batch& batch_;
  ColumnCursor entries_;
};

}  // namespace nrw
