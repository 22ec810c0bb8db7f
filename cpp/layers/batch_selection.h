// Which values of a whole batch are among its k largest, on all threads.
//
// The k-th largest value is found digit by digit, from the highest bits of its ordered key to the lowest: blocks of
// values count how many have each digit, and the sums say which digit the k-th largest has. All that is added up are
// whole numbers, and of equal values the blocks take theirs in order, so the result is that of select_largest
// (layers/top_k.h), with any number of threads.
#pragma once

#include "base/aligned_buffer.h"
#include "base/thread_pool.h"

namespace nrw {

class BatchSelection {
 public:
  explicit BatchSelection(ThreadPool& pool) noexcept : pool_(pool) {}

  void reserve(size_t n);
  // Bytes that reserve takes.
  static size_t bytes(size_t n) noexcept;

  // kept (n): 1 at the k largest of x (n), else 0. k is 1 to n, room was reserved for n. Of equal values those at lower
  // indices are taken, and NaN counts as the largest. Returns the smallest value other than 0 that is kept; 0 if there
  // is none, or if it is infinite.
  float select(size_t n, size_t k, const float* x, uint8_t* kept) noexcept;

 private:
  ThreadPool& pool_;
  AlignedBuffer<uint32_t> counts_;  // blocks x digits
  AlignedBuffer<float> smallest_;   // blocks
};

}  // namespace nrw
