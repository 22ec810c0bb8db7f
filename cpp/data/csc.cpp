#include "data/csc.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace nrw {

namespace {
constexpr uint32_t kMostCounted = 1 << 24;
// Scanning a counter a column beats marking the touched columns while there are at most this many columns an entry.
constexpr uint64_t kDense = 4;

bool is_dense(const SparseBatch& batch) noexcept { return batch.columns <= kDense * batch.nnz(); }
}  // namespace

CscBuilder::CscBuilder(uint32_t columns) : columns_(columns) {
  if (columns > kMostCounted) return;
  next_ = AlignedBuffer<uint32_t>(columns);
  marks_ = AlignedBuffer<uint64_t>((size_t{columns} + 63) / 64);
  groups_ = AlignedBuffer<uint64_t>((marks_.size() + 63) / 64);
}

void CscBuilder::build(SparseBatch& batch) {
  const size_t nnz = batch.nnz(), most_touched = std::min<size_t>(nnz, batch.columns);
  make_room(batch.touched_col, most_touched);
  make_room(batch.touched_ptr, most_touched + 1);
  make_room(batch.csc_row, nnz);
  make_room(batch.csc_target, nnz);
  if (batch.masked) make_room(batch.csc_input, nnz);
  if (columns_ > kMostCounted) return build_sorted(batch);
  count_columns(batch);
  is_dense(batch) ? list_all(batch) : list_marked(batch);
  scatter(batch);
}

void CscBuilder::count_columns(const SparseBatch& batch) noexcept {
  const uint32_t* column = batch.column.data();
  uint32_t* next = next_.data();
  const size_t nnz = batch.nnz();
  for (size_t k = 0; k < nnz; ++k) ++next[column[k]];
  if (is_dense(batch)) return;
  for (size_t k = 0; k < nnz; ++k) {
    marks_[column[k] >> 6] |= uint64_t{1} << (column[k] & 63);
    groups_[column[k] >> 12] |= uint64_t{1} << (column[k] >> 6 & 63);
  }
}

// Both turn next_ from counts into starts.
void CscBuilder::list_all(SparseBatch& batch) noexcept {
  uint32_t* touched_col = batch.touched_col.data();
  uint32_t* touched_ptr = batch.touched_ptr.data();
  uint32_t touched = 0, start = 0;
  for (uint32_t column = 0; column < columns_; ++column) {
    const uint32_t count = next_[column];
    if (count == 0) continue;
    touched_col[touched] = column;
    touched_ptr[touched++] = start;
    next_[column] = start;
    start += count;
  }
  touched_ptr[touched] = start;
  batch.touched = touched;
}

void CscBuilder::list_marked(SparseBatch& batch) noexcept {
  uint32_t touched = 0, start = 0;
  for (size_t group = 0; group < groups_.size(); ++group) {
    for (uint64_t words = groups_[group]; words != 0; words &= words - 1) {
      const size_t word = group * 64 + static_cast<size_t>(std::countr_zero(words));
      for (uint64_t bits = marks_[word]; bits != 0; bits &= bits - 1) {
        const uint32_t column = static_cast<uint32_t>(word * 64 + static_cast<size_t>(std::countr_zero(bits)));
        batch.touched_col[touched] = column;
        batch.touched_ptr[touched++] = start;
        start += std::exchange(next_[column], start);
      }
      marks_[word] = 0;
    }
    groups_[group] = 0;
  }
  batch.touched_ptr[touched] = start;
  batch.touched = touched;
}

// Rows rise, so they rise within a column too. Clears next_ at the end.
void CscBuilder::scatter(SparseBatch& batch) noexcept {
  const uint32_t* column = batch.column.data();
  const float* target = batch.target.data();
  const float* input = batch.masked ? batch.input.data() : nullptr;
  uint32_t* next = next_.data();
  uint32_t* csc_row = batch.csc_row.data();
  float* csc_target = batch.csc_target.data();
  float* csc_input = batch.csc_input.data();
  for (uint32_t row = 0; row < batch.rows; ++row) {
    for (uint32_t k = batch.row_ptr[row]; k < batch.row_ptr[row + 1]; ++k) {
      const uint32_t to = next[column[k]]++;
      csc_row[to] = row;
      csc_target[to] = target[k];
      if (input != nullptr) csc_input[to] = input[k];
    }
  }
  for (uint32_t t = 0; t < batch.touched; ++t) next[batch.touched_col[t]] = 0;
}

void CscBuilder::build_sorted(SparseBatch& batch) {
  const uint32_t nnz = batch.nnz();
  keys_.resize(nnz);
  for (uint32_t k = 0; k < nnz; ++k) keys_[k] = uint64_t{batch.column[k]} << 32 | k;
  std::sort(keys_.begin(), keys_.end());
  const uint32_t* row_ptr = batch.row_ptr.data();
  uint32_t touched = 0;
  for (uint32_t to = 0; to < nnz; ++to) {
    const uint32_t column = static_cast<uint32_t>(keys_[to] >> 32), from = static_cast<uint32_t>(keys_[to]);
    if (to == 0 || column != batch.touched_col[touched - 1]) {
      batch.touched_col[touched] = column;
      batch.touched_ptr[touched++] = to;
    }
    const uint32_t* next_row = std::upper_bound(row_ptr, row_ptr + batch.rows + 1, from);
    batch.csc_row[to] = static_cast<uint32_t>(next_row - row_ptr) - 1;
    batch.csc_target[to] = batch.target[from];
    if (batch.masked) batch.csc_input[to] = batch.input[from];
  }
  batch.touched_ptr[touched] = nnz;
  batch.touched = touched;
}

}  // namespace nrw
