// The second order of a batch: its entries by column, over the touched columns only. Each thread has one builder.
//
// It is a counting sort that processes the columns block by block, with a cursor in each row, so that the counters and
// entries of a block stay in the fastest caches. Entries are placed as pairs in a buffer of the block's size and
// separated in a second pass, so that slower memory is written in order. For each column it reads a counter, or only a
// bit if there are few entries.
#pragma once

#include <cstdint>
#include <vector>

#include "base/batch.h"

namespace nrw {

// Buffers are reused from batch to batch. They grow by more than is needed, so that they soon stop growing. The content
// is lost.
template <class T>
void make_room(AlignedBuffer<T>& buffer, size_t size) {
  if (size > buffer.size()) buffer.reserve(size + size / 4);
}

class CscBuilder {
 public:
  // Fills touched, touched_col, touched_ptr, csc_row, csc_target and, if masked, csc_input from the batch's rows.
  void build(SparseBatch& batch);

 private:
  // Columns [start, start + width_): entries [cursor_[r], end_[r]) of each row r.
  template <bool kMarked>
  void count_block(const SparseBatch& batch, uint32_t start) noexcept;
  uint32_t list_block(SparseBatch& batch, uint32_t start) noexcept;
  uint32_t list_marked(SparseBatch& batch, uint32_t start) noexcept;
  template <bool kMasked>
  void scatter_block(SparseBatch& batch, uint32_t start) noexcept;
  void clear_block(const SparseBatch& batch, uint32_t start, uint32_t first_touched) noexcept;

  uint32_t width_ = 0;
  bool marked_ = false;                 // whether touched columns are found by marks_ and not by reading all counters
  std::vector<uint32_t> cursor_, end_;  // rows
  std::vector<uint32_t> next_;     // a column's count, then where its next entry goes in the block; 0 between blocks
  std::vector<uint64_t> marks_;    // a bit a column; 0 between blocks
  AlignedBuffer<uint64_t> pairs_;  // the block's entries: row, and the bits of the target above it
  uint32_t placed_ = 0;            // entries of the blocks before
};

}  // namespace nrw
