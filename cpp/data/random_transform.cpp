#include "data/random_transform.h"

#include <algorithm>
#include <array>

#include "base/philox.h"

namespace nrw {

namespace {

using Words = std::array<uint32_t, 4>;

// The words of one transform of one row; element 0 decides about the row as a whole, the others belong to values.
Words words(const RowDraw& at, uint32_t element) noexcept {
  const uint64_t stream = uint64_t{at.list << 31 | at.place << 27 | element} << 32 | at.epoch;
  return draw(at.seed, Purpose::kAugment, stream, at.row_id);
}

// A whole number from -most to most, all alike.
int64_t whole(uint32_t word, double most) noexcept {
  const int64_t reach = static_cast<int64_t>(most);
  return static_cast<int64_t>((uint64_t{word} * static_cast<uint64_t>(2 * reach + 1)) >> 32) - reach;
}

void flip(double axis, const RowShape& shape, std::span<float> value) noexcept {
  const size_t page = shape.height * shape.width;
  for (size_t first = 0; first < value.size(); first += page) {
    float* const from = value.data() + first;
    if (axis == 0) {
      for (size_t row = 0; row < shape.height / 2; ++row) {
        std::swap_ranges(from + row * shape.width, from + (row + 1) * shape.width,
                         from + (shape.height - 1 - row) * shape.width);
      }
    } else {
      for (size_t row = 0; row < shape.height; ++row) {
        std::reverse(from + row * shape.width, from + (row + 1) * shape.width);
      }
    }
  }
}

// out(y, x) = in(y - down, x - right), where what lies beyond an edge has the value at the edge.
void shift(int64_t down, int64_t right, const RowShape& shape, std::span<float> value, std::vector<float>& room) {
  if (down == 0 && right == 0) return;
  const int64_t height = static_cast<int64_t>(shape.height), width = static_cast<int64_t>(shape.width);
  room.assign(value.begin(), value.end());
  for (size_t first = 0; first < value.size(); first += shape.height * shape.width) {
    for (int64_t y = 0; y < height; ++y) {
      const float* const from = room.data() + first + std::clamp<int64_t>(y - down, 0, height - 1) * width;
      float* const to = value.data() + first + y * width;
      for (int64_t x = 0; x < width; ++x) to[x] = from[std::clamp<int64_t>(x - right, 0, width - 1)];
    }
  }
}

// Two normal numbers of each draw.
void add_noise(const RowDraw& at, double deviation, std::span<float> value) noexcept {
  const float scale = static_cast<float>(deviation);
  for (size_t i = 0; i < value.size(); i += 2) {
    const Words word = words(at, static_cast<uint32_t>(1 + i / 2));
    value[i] += scale * normal(word[0], word[1]);
    if (i + 1 < value.size()) value[i + 1] += scale * normal(word[2], word[3]);
  }
}

}  // namespace

void apply_random(const Transform& transform, const RowDraw& at, const RowShape& shape, std::span<float> value,
                  std::vector<float>& room) {
  const Words word = words(at, 0);
  switch (transform.kind) {
    case TransformKind::kFlip:
      if (uniform(word[0]) < transform.p1) flip(transform.p0, shape, value);
      break;
    case TransformKind::kShift:
      shift(whole(word[0], transform.p0), whole(word[1], transform.p1), shape, value, room);
      break;
    case TransformKind::kGain: {
      const float gain = static_cast<float>(transform.p0 + (transform.p1 - transform.p0) * uniform(word[0], word[1]));
      for (float& one : value) one *= gain;
      break;
    }
    case TransformKind::kNoise:
      add_noise(at, transform.p0, value);
      break;
    case TransformKind::kPolarity:
      if (uniform(word[0]) < transform.p0) {
        for (float& one : value) one = -one;
      }
      break;
    default:
      break;
  }
}

}  // namespace nrw
