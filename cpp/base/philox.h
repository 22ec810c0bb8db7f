// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2,
// 3", SC 2011). Every draw is a function of a key and a counter, so there is no state to save and the draws do not
// depend on the thread.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace nrw {

// The purpose of a draw. It is the third word of the counter, so that no two purposes share a stream.
enum class Purpose : uint32_t {
  kInit = 1,
  kSplit = 2,
  kShuffle = 3,
  kLayer = 4,
  kMask = 5,
  kNoise = 6,
  kAugment = 7,
  kWiring = 8
};

inline std::array<uint32_t, 4> philox(uint64_t key, std::array<uint32_t, 4> counter) noexcept {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * counter[0], p1 = uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ k0, static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ k1, static_cast<uint32_t>(p0)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return counter;
}

// Four words for (seed, purpose, stream, index): stream names the tensor, epoch, layer or step; index the element.
inline std::array<uint32_t, 4> draw(uint64_t seed, Purpose purpose, uint64_t stream, uint64_t index) noexcept {
  const uint64_t key = seed ^ (static_cast<uint64_t>(purpose) * 0x9E3779B97F4A7C15u);
  return philox(key, {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), static_cast<uint32_t>(stream),
                      static_cast<uint32_t>(stream >> 32)});
}

// Uniform in [0, 1), 24 bits.
inline float uniform(uint32_t word) noexcept { return static_cast<float>(word >> 8) * 0x1.0p-24f; }
// Uniform in [0, 1), 53 bits.
inline double uniform(uint32_t high, uint32_t low) noexcept {
  return static_cast<double>(((static_cast<uint64_t>(high) << 32) | low) >> 11) * 0x1.0p-53;
}
// Standard normal by Box and Muller from two independent words.
inline float normal(uint32_t a, uint32_t b) noexcept {
  const double u = (static_cast<double>(a) + 1.0) * 0x1.0p-32;
  const double angle = 6.283185307179586 * static_cast<double>(b) * 0x1.0p-32;
  return static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(angle));
}

}  // namespace nrw
