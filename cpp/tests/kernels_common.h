// What the kernel tests share.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/philox.h"
#include "check.h"
#include "kernels/kernels.h"

namespace nrw::check {

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Lengths around the lane widths 4, 8 and 16 and their unrolled loops.
inline const std::vector<size_t> kLengths = {0,  1,  3,  4,  5,  7,  8,  9,  15, 16,  17,  31,  32,  33,
                                             34, 63, 64, 65, 66, 67, 68, 69, 95, 128, 129, 130, 131, 200};

// A table's name in the message of whatever fails.
#define CHECK_TABLE(table, condition)                                                                          \
  do {                                                                                                         \
    if (!(condition)) nrw::check::failed(__FILE__, __LINE__, nrw::format("%s: %s", (table).name, #condition)); \
  } while (false)

template <class Body>
void each_table(Body body) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  CHECK(count >= 1);
  for (size_t i = 0; i < count; ++i) body(*tables[i]);
}

// `size` normal draws between two margins of NaN, misaligned by `offset` floats: what reads past an end is seen.
class Guarded {
 public:
  Guarded(size_t size, uint64_t seed, size_t offset = 0) : buffer_(size + 2 * kMargin), offset_(offset), size_(size) {
    for (float& value : buffer_) value = kNan;
    for (size_t i = 0; i < size; ++i) {
      const auto words = draw(seed, Purpose::kInit, 0, i);
      data()[i] = normal(words[0], words[1]);
    }
  }
  float* data() { return buffer_.data() + kMargin / 2 + offset_; }
  float& operator[](size_t i) { return data()[i]; }
  // Whether everything outside is still NaN: nothing was written there.
  bool margins_kept() {
    for (size_t i = 0; i < buffer_.size(); ++i) {
      const size_t first = kMargin / 2 + offset_;
      if ((i < first || i >= first + size_) && !std::isnan(buffer_[i])) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kMargin = 64;
  AlignedBuffer<float> buffer_;
  size_t offset_, size_;
};

inline bool same_bits(const float* a, const float* b, size_t n) {
  return n == 0 || std::memcmp(a, b, n * sizeof(float)) == 0;
}

}  // namespace nrw::check
