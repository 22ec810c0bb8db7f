#include "data/shuffle.h"

#include <utility>

#include "base/philox.h"

namespace nrw {

namespace {

// Uniform in [0, n), n >= 1: Lemire's multiplication with rejection ("Fast random integer generation in an interval",
// 2019). The words of draw number i are used; if all four are rejected, those of attempt 1, 2, ... follow.
uint32_t below(uint32_t n, uint64_t seed, uint64_t key, uint32_t i) noexcept {
  const uint32_t threshold = (0u - n) % n;  // 2^32 mod n
  for (uint64_t attempt = 0;; ++attempt) {
    for (const uint32_t word : draw(seed, Purpose::kShuffle, key, attempt << 32 | i)) {
      const uint64_t product = uint64_t{word} * n;
      if (static_cast<uint32_t>(product) >= threshold) return static_cast<uint32_t>(product >> 32);
    }
  }
}

}  // namespace

void shuffle(std::span<uint32_t> rows, uint64_t seed, uint32_t epoch, uint32_t stream) noexcept {
  const uint64_t key = uint64_t{stream} << 32 | epoch;
  for (size_t i = rows.size(); i > 1; --i) {
    const uint32_t n = static_cast<uint32_t>(i);
    std::swap(rows[i - 1], rows[below(n, seed, key, n)]);
  }
}

}  // namespace nrw
