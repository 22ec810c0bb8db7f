// Random words of a layer in training: a function of (seed, purpose, layer, step, row id, place in the row). The place
// of a row in its batch does not matter, nor which thread asks.
#pragma once

#include "base/philox.h"

namespace nrw {

class RowDraws {
 public:
  static constexpr uint64_t kWords = 4;  // of a block

  // layer: its number in the network.
  RowDraws(uint64_t seed, Purpose purpose, uint32_t layer, uint64_t step) noexcept {
    const auto word = draw(seed, purpose, layer, step);
    key_ = static_cast<uint64_t>(word[1]) << 32 | word[0];
  }

  std::array<uint32_t, kWords> block(uint64_t row_id, uint64_t block) const noexcept {
    return philox(key_, {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                         static_cast<uint32_t>(row_id), static_cast<uint32_t>(row_id >> 32)});
  }

  // n standard normal values of a row.
  void normals(uint64_t row_id, size_t n, float* out) const noexcept {
    for (size_t j = 0; j < n; j += 2) {
      const auto words = block(row_id, j / 2);
      out[j] = normal(words[0], words[1]);
      if (j + 1 < n) out[j + 1] = normal(words[2], words[3]);
    }
  }

 private:
  uint64_t key_;
};

}  // namespace nrw
