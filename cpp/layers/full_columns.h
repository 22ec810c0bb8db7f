// Columns in which most samples of a batch have a value, X (m x some columns): housekeeping genes, stop words. What is
// summed over their entries one by one takes longer, in waiting for caches, than the dense products with X.
#pragma once

#include <cstring>

#include "base/batch.h"
#include "kernels/kernels.h"

namespace nrw {

// Some full columns of one batch, in a workspace of its own.
class FullColumns {
 public:
  static constexpr size_t kMost = 32;

  // A value in two fifths of the rows or more.
  static bool in_most(size_t entries, size_t rows) noexcept { return 5 * entries >= 2 * rows; }
  static bool full(size_t entries, size_t rows) noexcept { return rows >= 32 && in_most(entries, rows); }
  // Touched column t.
  static bool full(const SparseBatch& batch, size_t t) noexcept {
    return full(batch.touched_ptr[t + 1] - batch.touched_ptr[t], batch.rows);
  }
  static bool any(const SparseBatch& batch) noexcept {
    for (size_t t = 0; t < batch.touched; ++t) {
      if (full(batch, t)) return true;
    }
    return false;
  }
  // Of a workspace: rows of X, rows of weights, and those packed.
  static size_t floats(size_t rows, size_t width) noexcept {
    return kMost * (pitch(rows) + stride(width) + packed(width));
  }

  // rows: m. width: of a column's weights. space: aligned to 64 bytes.
  FullColumns(const Kernels& kernels, size_t rows, size_t width, float* space) noexcept
      : kernels_(kernels),
        rows_(rows),
        width_(width),
        x_(space),
        weights_(x_ + kMost * pitch(rows)),
        packed_(weights_ + kMost * stride(width)) {}

  size_t count() const noexcept { return count_; }
  bool no_room() const noexcept { return count_ == kMost; }
  uint32_t column(size_t i) const noexcept { return column_[i]; }
  void clear() noexcept { count_ = 0; }

  // A column with values in so many rows. There is room.
  void add(uint32_t column, size_t entries, const uint32_t* row, const float* value) noexcept {
    float* const x = x_ + count_ * pitch(rows_);
    std::memset(x, 0, rows_ * sizeof(float));
    for (size_t e = 0; e < entries; ++e) x[row[e]] = value[e];
    column_[count_++] = column;
  }
  // Touched column t, with values[k] for the batch's entry k.
  void add(const SparseBatch& batch, size_t t, const float* values) noexcept {
    const uint32_t first = batch.touched_ptr[t], entries = batch.touched_ptr[t + 1] - first;
    add(batch.touched_col[t], entries, batch.csc_row.data() + first, values + first);
  }

  // Room for column i's weights (width).
  float* weights(size_t i) noexcept { return weights_ + i * stride(width_); }

  // y (m x width) += X weights.
  void add_outputs(float* y) noexcept {
    kernels_.pack_b(count_, width_, weights_, stride(width_), 1, packed_);
    kernels_.gemm(rows_, width_, count_, x_, 1, pitch(rows_), packed_, y, width_, true);
  }

  // weights = X^T d, or += with accumulate; d (m x width) packed, as pack_outputs() does.
  void make_weights(const float* packed_d, bool accumulate) noexcept {
    kernels_.gemm(count_, width_, rows_, x_, pitch(rows_), 1, packed_d, weights_, stride(width_), accumulate);
  }
  static void pack_outputs(const Kernels& kernels, size_t rows, size_t width, const float* d,
                           AlignedBuffer<float>& packed_d) {
    packed_d.reserve(rows * packed(width));
    kernels.pack_b(rows, width, d, width, 1, packed_d.data());
  }

 private:
  static size_t stride(size_t width) noexcept { return (width + 15) / 16 * 16; }
  // An odd number of cache lines: columns spread over all sets of a cache.
  static size_t pitch(size_t rows) noexcept { return (rows + 31) / 32 * 32 + 16; }
  static size_t packed(size_t width) noexcept { return (width + kPanel - 1) / kPanel * kPanel; }

  const Kernels& kernels_;
  const size_t rows_, width_;
  float *const x_, *const weights_, *const packed_;
  size_t count_ = 0;
  uint32_t column_[kMost];
};

}  // namespace nrw
