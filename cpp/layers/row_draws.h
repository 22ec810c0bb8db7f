// Random words of a layer in training: a function of (seed, purpose, layer, step, row id, place in the row). The place
// of a row in its batch does not matter, nor which thread asks.
#pragma once

#include <algorithm>

#include "base/philox.h"
#include "kernels/elementary.h"

namespace nrw {

class RowDraws {
 public:
  // layer: its number in the network.
  RowDraws(const Kernels& kernels, uint64_t seed, Purpose purpose, uint32_t layer, uint64_t step) noexcept
      : kernels_(elementary_kernels(kernels)) {
    const auto word = draw(seed, purpose, layer, step);
    key_ = static_cast<uint64_t>(word[1]) << 32 | word[0];
  }

  // body(first, count, words): the words [first, first + count) of the first n of a row, part by part.
  template <class Body>
  void for_words(uint64_t row_id, size_t n, Body&& body) const noexcept {
    uint32_t words[kPart];
    for (size_t first = 0; first < n; first += kPart) {
      const size_t count = std::min(kPart, n - first);
      kernels_.philox(key_, row_id, first / kBlock, (count + kBlock - 1) / kBlock, words);
      body(first, count, static_cast<const uint32_t*>(words));
    }
  }

  uint32_t word(uint64_t row_id) const noexcept {
    uint32_t words[kBlock];
    kernels_.philox(key_, row_id, 0, 1, words);
    return words[0];
  }

  // n standard normal values of a row.
  void normals(uint64_t row_id, size_t n, float* out) const noexcept {
    for_words(row_id, n, [&](size_t first, size_t count, const uint32_t* words) {
      kernels_.normals(count & ~size_t{1}, words, out + first);
      if (count % 2 == 0) return;
      float last[2];
      kernels_.normals(2, words + count - 1, last);
      out[first + count - 1] = last[0];
    });
  }

 private:
  static constexpr size_t kBlock = 4, kPart = 256;  // words of a block of Philox, and those made at once

  const ElementaryKernels& kernels_;
  uint64_t key_;
};

}  // namespace nrw
