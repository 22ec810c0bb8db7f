#include "base/shape.h"

namespace nrw {

namespace {

// Four values side by side, as every machine has them.
typedef float Four __attribute__((vector_size(16)));
typedef float UnalignedFour __attribute__((vector_size(16), aligned(alignof(float)), may_alias));

// to (4 x 4, rows `to_pitch` apart) = the transpose of from.
inline void transpose_four(const float* from, size_t from_pitch, float* to, size_t to_pitch) noexcept {
  Four row[4], pair[4];
  for (size_t i = 0; i < 4; ++i) row[i] = *reinterpret_cast<const UnalignedFour*>(from + i * from_pitch);
  pair[0] = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
  pair[1] = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
  pair[2] = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
  pair[3] = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
  const auto put = [&](size_t i, Four values) { *reinterpret_cast<UnalignedFour*>(to + i * to_pitch) = values; };
  put(0, __builtin_shufflevector(pair[0], pair[2], 0, 1, 4, 5));
  put(1, __builtin_shufflevector(pair[0], pair[2], 2, 3, 6, 7));
  put(2, __builtin_shufflevector(pair[1], pair[3], 0, 1, 4, 5));
  put(3, __builtin_shufflevector(pair[1], pair[3], 2, 3, 6, 7));
}

}  // namespace

// In blocks that stay in the first-level cache.
void transpose(size_t rows, size_t columns, const float* from, size_t from_pitch, float* to, size_t to_pitch) noexcept {
  constexpr size_t kBlock = 16;
  for (size_t top = 0; top < rows; top += kBlock) {
    const size_t bottom = top + kBlock < rows ? top + kBlock : rows, fours = top + (bottom - top) / 4 * 4;
    size_t j = 0;
    for (; j + 4 <= columns; j += 4) {
      for (size_t i = top; i < fours; i += 4) {
        transpose_four(from + i * from_pitch + j, from_pitch, to + j * to_pitch + i, to_pitch);
      }
      for (size_t i = fours; i < bottom; ++i) {
        for (size_t k = j; k < j + 4; ++k) to[k * to_pitch + i] = from[i * from_pitch + k];
      }
    }
    for (; j < columns; ++j) {
      for (size_t i = top; i < bottom; ++i) to[j * to_pitch + i] = from[i * from_pitch + j];
    }
  }
}

std::string Shape::text() const {
  std::string all;
  for (uint32_t i = 0; i < dimensions; ++i) all += (i == 0 ? "" : " x ") + std::to_string(sizes[i]);
  return all;
}

void to_channels_last(const Shape& shape, const float* from, float* to) noexcept {
  transpose(shape.channels(), shape.places(), from, shape.places(), to, shape.channels());
}

void to_channels_first(const Shape& shape, const float* from, float* to) noexcept {
  transpose(shape.places(), shape.channels(), from, shape.channels(), to, shape.places());
}

}  // namespace nrw
