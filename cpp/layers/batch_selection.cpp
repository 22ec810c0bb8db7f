#include "layers/batch_selection.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "layers/ordered_key.h"
#include "layers/products.h"

namespace nrw {

namespace {

constexpr size_t kBlock = 32768;     // values of a block, at least
constexpr size_t kMostBlocks = 64;   // so that adding up their counts takes no time beside counting
constexpr size_t kDigits = 1 << 11;  // of a place, at most
struct Place {
  unsigned shift, bits;  // of the key
};
constexpr Place kPlaces[] = {{21, 11}, {10, 11}, {0, 10}};

size_t blocks_of(size_t n) noexcept { return std::clamp<size_t>(n / kBlock, 1, kMostBlocks); }

}  // namespace

void BatchSelection::reserve(size_t n) {
  counts_.reserve(blocks_of(n) * kDigits);
  smallest_.reserve(blocks_of(n));
}

size_t BatchSelection::bytes(size_t n) noexcept { return blocks_of(n) * (kDigits * sizeof(uint32_t) + sizeof(float)); }

float BatchSelection::select(size_t n, size_t k, const float* x, uint8_t* kept) noexcept {
  const size_t blocks = blocks_of(n);
  const auto first_of = [&](size_t block) { return n / blocks * block + std::min(block, n % blocks); };
  uint64_t found = 0;  // the digits of the k-th largest key that are known
  size_t left = k;     // of the keys with these digits, how many are among the k largest
  for (const auto [shift, bits] : kPlaces) {
    const uint32_t mask = (1u << bits) - 1;
    run_tasks(pool_, blocks, 4 * n, [&](size_t block, unsigned) {
      uint32_t* const count = counts_.data() + block * kDigits;
      std::fill_n(count, kDigits, 0u);
      for (size_t i = first_of(block); i < first_of(block + 1); ++i) {
        const uint64_t key = ordered_key(x[i]);
        if (key >> shift >> bits == found) ++count[key >> shift & mask];
      }
    });
    uint32_t digit = mask;
    for (;; --digit) {
      size_t some = 0;
      for (size_t block = 0; block < blocks; ++block) some += counts_[block * kDigits + digit];
      if (some >= left) break;
      left -= some;
    }
    found = found << bits | digit;
  }
  // The last counts are of whole keys. In place of those of the k-th one stands how many of them a block takes.
  const uint32_t last = found & ((1u << kPlaces[2].bits) - 1);
  for (size_t block = 0; block < blocks; ++block) {
    uint32_t& equal = counts_[block * kDigits + last];
    equal = static_cast<uint32_t>(std::min<size_t>(equal, left));
    left -= equal;
  }
  run_tasks(pool_, blocks, 4 * n, [&](size_t block, unsigned) {
    const auto least = static_cast<uint32_t>(found);
    uint32_t equal = counts_[block * kDigits + last];
    float smallest = std::numeric_limits<float>::infinity();
    for (size_t i = first_of(block); i < first_of(block + 1); ++i) {
      const uint32_t key = ordered_key(x[i]);
      kept[i] = key > least;
      if (key == least && equal > 0) {
        kept[i] = 1;
        --equal;
      }
      if (kept[i] != 0 && x[i] != 0) smallest = std::min(smallest, x[i]);
    }
    smallest_[block] = smallest;
  });
  const float smallest = *std::min_element(smallest_.data(), smallest_.data() + blocks);
  return std::isfinite(smallest) ? smallest : 0;
}

}  // namespace nrw
