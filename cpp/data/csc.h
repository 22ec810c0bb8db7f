// The second order of a batch: its entries by column, over the touched columns only. A counting sort over columns whose
// cost depends on the batch's entries, not on the width of the data. One builder a thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/batch.h"

namespace nrw {

// Buffers are reused from batch to batch: some slack, so that growing them ends soon. The content is lost.
template <class T>
void make_room(AlignedBuffer<T>& buffer, size_t size) {
  if (size > buffer.size()) buffer.reserve(size + size / 4);
}

class CscBuilder {
 public:
  // Holds 4 bytes a column, up to 2^24 columns; beyond that it sorts and holds 8 bytes an entry instead.
  explicit CscBuilder(uint32_t columns);

  // Fills touched, touched_col, touched_ptr, csc_row, csc_target and, if masked, csc_input from the batch's rows.
  void build(SparseBatch& batch);

 private:
  void count_columns(const SparseBatch& batch) noexcept;
  void list_all(SparseBatch& batch) noexcept;
  void list_marked(SparseBatch& batch) noexcept;
  void scatter(SparseBatch& batch) noexcept;
  void build_sorted(SparseBatch& batch);

  uint32_t columns_;
  AlignedBuffer<uint32_t> next_;    // a column's count, then where its next entry goes; 0 between batches
  AlignedBuffer<uint64_t> marks_;   // a bit a column; 0 between batches
  AlignedBuffer<uint64_t> groups_;  // a bit a word of marks_; 0 between batches
  std::vector<uint64_t> keys_;      // column, then position in the batch
};

}  // namespace nrw
