#include "data/csc.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace nrw {

namespace {

// Counters of the narrowest block take half of a first-level cache; those of the widest one a megabyte.
constexpr uint64_t kNarrowest = 1 << 12, kWidest = 1 << 18;
// Reading all counters beats marking the touched ones while there are at most this many columns an entry.
constexpr uint64_t kDense = 4;
// A block costs a visit to each row: wide enough that there are this many entries a visit.
constexpr uint64_t kEntriesPerVisit = 4;

}  // namespace

void CscBuilder::build(SparseBatch& batch) {
  const uint64_t nnz = batch.nnz(), columns = batch.columns;
  const size_t most_touched = std::min(nnz, columns);
  make_room(batch.touched_col, most_touched);
  make_room(batch.touched_ptr, most_touched + 1);
  make_room(batch.csc_row, nnz);
  make_room(batch.csc_target, nnz);
  if (batch.masked) make_room(batch.csc_input, nnz);
  const uint64_t width =
      std::clamp(columns / (nnz / (kEntriesPerVisit * (batch.rows + uint64_t{1})) + 1), kNarrowest, kWidest);
  const bool dense = columns <= kDense * nnz;
  if (next_.size() < width) next_.resize(width);
  if (marks_.size() < width / 64 + 1) marks_.resize(width / 64 + 1);
  cursor_.assign(batch.row_ptr.data(), batch.row_ptr.data() + batch.rows);
  end_.resize(batch.rows);
  batch.touched = 0;
  placed_ = 0;
  while (placed_ < nnz) {
    uint32_t start = UINT32_MAX;  // the first column that is left: empty stretches are passed over
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (cursor_[row] < batch.row_ptr[row + 1]) start = std::min(start, batch.column[cursor_[row]]);
    }
    count_block(batch, start, width, dense);
    list_block(batch, start, width, dense);
    scatter_block(batch, start);
  }
  batch.touched_ptr[batch.touched] = placed_;
}

void CscBuilder::count_block(const SparseBatch& batch, uint32_t start, uint64_t width, bool dense) noexcept {
  const uint32_t* column = batch.column.data();
  uint32_t* next = next_.data();
  uint64_t* marks = marks_.data();
  for (uint32_t row = 0; row < batch.rows; ++row) {
    uint32_t k = cursor_[row];
    const uint32_t row_end = batch.row_ptr[row + 1];
    for (; k < row_end && column[k] - start < width; ++k) {
      const uint32_t local = column[k] - start;
      ++next[local];
      if (!dense) marks[local >> 6] |= uint64_t{1} << (local & 63);
    }
    end_[row] = k;
  }
}

// Turns next_ from counts into starts.
void CscBuilder::list_block(SparseBatch& batch, uint32_t start, uint64_t width, bool dense) noexcept {
  uint32_t* touched_col = batch.touched_col.data();
  uint32_t* touched_ptr = batch.touched_ptr.data();
  uint32_t touched = batch.touched, placed = placed_;
  const auto list = [&](uint32_t local) {
    touched_col[touched] = start + local;
    touched_ptr[touched++] = placed;
    placed += std::exchange(next_[local], placed);
  };
  if (dense) {
    for (uint32_t local = 0; local < width; ++local) {
      if (next_[local] != 0) list(local);
    }
  } else {
    for (uint32_t word = 0; word < (width + 63) / 64; ++word) {
      for (uint64_t bits = std::exchange(marks_[word], 0); bits != 0; bits &= bits - 1) {
        list(word * 64 + static_cast<uint32_t>(std::countr_zero(bits)));
      }
    }
  }
  batch.touched = touched;
  placed_ = placed;
}

// Rows rise, so they rise within a column too. Clears next_ at the end.
void CscBuilder::scatter_block(SparseBatch& batch, uint32_t start) noexcept {
  const uint32_t* column = batch.column.data();
  const float* target = batch.target.data();
  const float* input = batch.input.data();
  uint32_t* next = next_.data();
  uint32_t* csc_row = batch.csc_row.data();
  float* csc_target = batch.csc_target.data();
  float* csc_input = batch.csc_input.data();
  for (uint32_t row = 0; row < batch.rows; ++row) {
    for (uint32_t k = cursor_[row]; k < end_[row]; ++k) {
      const uint32_t to = next[column[k] - start]++;
      csc_row[to] = row;
      csc_target[to] = target[k];
      if (batch.masked) csc_input[to] = input[k];
    }
  }
  cursor_.swap(end_);
  for (uint32_t t = batch.touched; t-- > 0 && batch.touched_col[t] >= start;) next[batch.touched_col[t] - start] = 0;
}

}  // namespace nrw
