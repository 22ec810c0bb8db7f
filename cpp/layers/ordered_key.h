// Floats as integers of the same order, by which the largest values are selected.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

namespace nrw {

// An integer that is ordered as x is; both zeros are equal, and NaN is above all else.
inline uint32_t ordered_key(float x) noexcept {
  uint32_t bits;
  const float y = x + 0.0f;  // -0 becomes 0
  std::memcpy(&bits, &y, sizeof bits);
  const uint32_t key = (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
  return x != x ? std::numeric_limits<uint32_t>::max() : key;
}

}  // namespace nrw
