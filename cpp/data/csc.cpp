#include "data/csc.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace nrw {

namespace {

// The pairs and counters of a block share the second-level cache with the rows that are read.
constexpr uint64_t kEntriesPerBlock = 8192;
constexpr uint64_t kNarrowest = 1 << 8, kWidest = 1 << 16;
// Each block visits every row, and each visit ends with a branch that the processor predicts wrongly.
constexpr uint64_t kEntriesPerVisit = 16;
// With at most this many columns for each entry, reading all counters is faster than marking the touched ones.
constexpr uint64_t kDense = 3;

// The number of columns that have so many entries on average.
uint64_t columns_of(uint64_t entries, const SparseBatch& batch) noexcept {
  return uint64_t{batch.columns} * entries / batch.nnz() + 1;
}

}  // namespace

void CscBuilder::build(SparseBatch& batch) {
  const uint64_t nnz = batch.nnz(), columns = batch.columns;
  const size_t most_touched = std::min(nnz, columns);
  make_room(batch.touched_col, most_touched + 1);  // one beyond the last is written
  make_room(batch.touched_ptr, most_touched + 1);
  make_room(batch.csc_row, nnz);
  make_room(batch.csc_target, nnz);
  if (batch.masked) make_room(batch.csc_input, nnz);
  batch.touched = 0;
  placed_ = 0;
  if (nnz != 0) {
    const uint64_t entries = std::min(nnz, std::max(kEntriesPerBlock, kEntriesPerVisit * batch.rows));
    width_ = static_cast<uint32_t>(std::clamp(columns_of(entries, batch), kNarrowest, kWidest));
    marked_ = columns > kDense * nnz;
  }
  if (next_.size() < width_) next_.resize(width_);
  if (marks_.size() < width_ / 64 + 1) marks_.resize(width_ / 64 + 1);
  cursor_.assign(batch.row_ptr.data(), batch.row_ptr.data() + batch.rows);
  end_.resize(batch.rows);
  while (placed_ < nnz) {
    uint32_t start = UINT32_MAX;  // the first column that is left, so that empty ranges are skipped
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (cursor_[row] < batch.row_ptr[row + 1]) start = std::min(start, batch.column[cursor_[row]]);
    }
    const uint32_t first_touched = batch.touched;
    marked_ ? count_block<true>(batch, start) : count_block<false>(batch, start);
    const uint32_t entries = marked_ ? list_marked(batch, start) : list_block(batch, start);
    make_room(pairs_, entries);
    batch.masked ? scatter_block<true>(batch, start) : scatter_block<false>(batch, start);
    clear_block(batch, start, first_touched);
    cursor_.swap(end_);
    uint32_t* csc_row = batch.csc_row.data() + placed_;
    float* csc_target = batch.csc_target.data() + placed_;
    const uint64_t* pairs = pairs_.data();
    for (uint32_t k = 0; k < entries; ++k) {
      csc_row[k] = static_cast<uint32_t>(pairs[k]);
      csc_target[k] = std::bit_cast<float>(static_cast<uint32_t>(pairs[k] >> 32));
    }
    placed_ += entries;
  }
  batch.touched_ptr[batch.touched] = placed_;
}

template <bool kMarked>
void CscBuilder::count_block(const SparseBatch& batch, uint32_t start) noexcept {
  const uint32_t* column = batch.column.data();
  const uint32_t width = width_;
  uint32_t* next = next_.data();
  uint64_t* marks = marks_.data();
  for (uint32_t row = 0; row < batch.rows; ++row) {
    uint32_t k = cursor_[row];
    const uint32_t row_end = batch.row_ptr[row + 1];
    for (; k < row_end && column[k] - start < width; ++k) {
      const uint32_t local = column[k] - start;
      ++next[local];
      if constexpr (kMarked) marks[local >> 6] |= uint64_t{1} << (local & 63);
    }
    end_[row] = k;
  }
}

// Turns next_ from counts into positions in the block. Returns the number of entries of the block. It has no branches:
// a column without entries is overwritten by the next one.
uint32_t CscBuilder::list_block(SparseBatch& batch, uint32_t start) noexcept {
  const uint32_t width = std::min(width_, batch.columns - start);
  uint32_t* touched_col = batch.touched_col.data();
  uint32_t* touched_ptr = batch.touched_ptr.data();
  uint32_t* next = next_.data();
  uint32_t touched = batch.touched, entries = 0;
  for (uint32_t local = 0; local < width; ++local) {
    const uint32_t count = next[local];
    touched_col[touched] = start + local;
    touched_ptr[touched] = placed_ + entries;
    next[local] = entries;
    touched += count != 0;
    entries += count;
  }
  batch.touched = touched;
  return entries;
}

// The same for the marked columns, whose marks it clears.
uint32_t CscBuilder::list_marked(SparseBatch& batch, uint32_t start) noexcept {
  uint32_t touched = batch.touched, entries = 0;
  for (uint32_t word = 0; word < (width_ + 63) / 64; ++word) {
    for (uint64_t bits = std::exchange(marks_[word], 0); bits != 0; bits &= bits - 1) {
      const uint32_t local = word * 64 + static_cast<uint32_t>(std::countr_zero(bits));
      batch.touched_col[touched] = start + local;
      batch.touched_ptr[touched++] = placed_ + entries;
      entries += std::exchange(next_[local], entries);
    }
  }
  batch.touched = touched;
  return entries;
}

// Rows are visited in rising order, so they also rise within a column.
template <bool kMasked>
void CscBuilder::scatter_block(SparseBatch& batch, uint32_t start) noexcept {
  const uint32_t* column = batch.column.data();
  const float* target = batch.target.data();
  const float* input = batch.input.data();
  uint32_t* next = next_.data();
  uint64_t* pairs = pairs_.data();
  float* csc_input = kMasked ? batch.csc_input.data() + placed_ : nullptr;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    const uint32_t end = end_[row];
    for (uint32_t k = cursor_[row]; k < end; ++k) {
      const uint32_t to = next[column[k] - start]++;
      pairs[to] = uint64_t{std::bit_cast<uint32_t>(target[k])} << 32 | row;
      if constexpr (kMasked) csc_input[to] = input[k];
    }
  }
}

void CscBuilder::clear_block(const SparseBatch& batch, uint32_t start, uint32_t first_touched) noexcept {
  if (!marked_) {
    std::fill_n(next_.data(), width_, 0);
  } else {
    for (uint32_t t = first_touched; t < batch.touched; ++t) next_[batch.touched_col[t] - start] = 0;
  }
}

}  // namespace nrw
