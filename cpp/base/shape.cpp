#include "base/shape.h"

namespace nrw {

namespace {

// to (columns x rows) = the transpose of from (rows x columns), in blocks that stay in the first-level cache.
void transpose(size_t rows, size_t columns, const float* from, float* to) noexcept {
  constexpr size_t kBlock = 16;
  for (size_t top = 0; top < rows; top += kBlock) {
    const size_t bottom = top + kBlock < rows ? top + kBlock : rows;
    for (size_t j = 0; j < columns; ++j) {
      for (size_t i = top; i < bottom; ++i) to[j * rows + i] = from[i * columns + j];
    }
  }
}

}  // namespace

std::string Shape::text() const {
  std::string all;
  for (uint32_t i = 0; i < dimensions; ++i) all += (i == 0 ? "" : " x ") + std::to_string(sizes[i]);
  return all;
}

void to_channels_last(const Shape& shape, const float* from, float* to) noexcept {
  transpose(shape.channels(), shape.places(), from, to);
}

void to_channels_first(const Shape& shape, const float* from, float* to) noexcept {
  transpose(shape.places(), shape.channels(), from, to);
}

}  // namespace nrw
