#include "data/to_floats.h"

#include "data/values.h"

namespace nrw {

namespace {

typedef uint16_t Words __attribute__((vector_size(16)));
typedef int16_t SignedWords __attribute__((vector_size(16)));
typedef uint32_t Bits __attribute__((vector_size(16)));
typedef float Floats __attribute__((vector_size(16)));
constexpr size_t kWords = sizeof(Words) / sizeof(uint16_t), kFloats = sizeof(Floats) / sizeof(float);

template <class Vector, class T>
Vector load_vector(const T* from) noexcept {
  Vector vector;
  std::memcpy(&vector, from, sizeof vector);
  return vector;
}
template <class T, class Vector>
void store_vector(Vector vector, T* to) noexcept {
  std::memcpy(to, &vector, sizeof vector);
}

// Eight floats of which these are the lower and the upper halves.
struct Wide {
  Wide(Words lower, Words upper) noexcept
      : first(std::bit_cast<Floats>(__builtin_shufflevector(lower, upper, 0, 8, 1, 9, 2, 10, 3, 11))),
        second(std::bit_cast<Floats>(__builtin_shufflevector(lower, upper, 4, 12, 5, 13, 6, 14, 7, 15))) {}
  void store(float* out) const noexcept {
    store_vector(first, out);
    store_vector(second, out + kFloats);
  }
  Floats first, second;
};

Floats with_bits(Floats x, Floats bits) noexcept {
  return std::bit_cast<Floats>(std::bit_cast<Bits>(x) | std::bit_cast<Bits>(bits));
}

// binary16. A number that has an exponent gets that of a float. One without, m * 2^-24, is made as 2^-14 (1 + m / 1024)
// - 2^-14, which is exact; nothing is taken from the others.
struct HalfWords {
  static constexpr uint16_t kLargest = 0x7BFF;  // of the finite ones, without the sign
  static void store(Words word, Words size, float* out) noexcept {
    const Words none = {}, small = std::bit_cast<Words>(std::bit_cast<SignedWords>(size) < 0x0400);
    const Wide positive(size << 13, (size >> 3) + 0x3800 + (small & 0x0080));
    const Wide excess(none, small & 0x3880), sign(none, word ^ size);
    store_vector(with_bits(positive.first - excess.first, sign.first), out);
    store_vector(with_bits(positive.second - excess.second, sign.second), out + kFloats);
  }
};
// bfloat16
struct UpperWords {
  static constexpr uint16_t kLargest = 0x7F7F;
  static void store(Words word, Words, float* out) noexcept { Wide(Words{}, word).store(out); }
};

template <class Type>
bool words_to_floats(const uint8_t* from, size_t n, float* out) noexcept {
  SignedWords bad = {};
  const auto eight = [&](Words word, float* to) {
    const Words size = word & 0x7FFF;
    bad |= std::bit_cast<SignedWords>(size) > static_cast<int16_t>(Type::kLargest);
    Type::store(word, size, to);
  };
  size_t at = 0;
  for (; at + kWords <= n; at += kWords) eight(load_vector<Words>(from + 2 * at), out + at);
  if (at < n) {
    uint16_t rest[kWords] = {};
    float made[kWords];
    std::memcpy(rest, from + 2 * at, 2 * (n - at));
    eight(load_vector<Words>(rest), made);
    std::memcpy(out + at, made, (n - at) * sizeof(float));
  }
  const Bits any = std::bit_cast<Bits>(bad);
  return (any[0] | any[1] | any[2] | any[3]) == 0;
}

// It has no branches, so that it is vectorised.
bool copy_floats(const uint8_t* __restrict from, size_t n, float* __restrict out) noexcept {
  constexpr uint32_t kExponent = 0x7F800000;
  unsigned bad = 0;
  for (size_t k = 0; k < n; ++k) {
    const uint32_t bits = load<uint32_t>(from, k);
    out[k] = std::bit_cast<float>(bits);
    bad |= (bits & kExponent) == kExponent;
  }
  return bad == 0;
}

// in: four rows of `columns` floats.
void transpose(size_t columns, const float* in, size_t stride, float* out) noexcept {
  const Floats a = load_vector<Floats>(in), b = load_vector<Floats>(in + columns);
  const Floats c = load_vector<Floats>(in + 2 * columns), d = load_vector<Floats>(in + 3 * columns);
  const Floats ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Floats ef = __builtin_shufflevector(a, b, 2, 6, 3, 7), gh = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store_vector(__builtin_shufflevector(ab, cd, 0, 1, 4, 5), out);
  store_vector(__builtin_shufflevector(ab, cd, 2, 3, 6, 7), out + stride);
  store_vector(__builtin_shufflevector(ef, gh, 0, 1, 4, 5), out + 2 * stride);
  store_vector(__builtin_shufflevector(ef, gh, 2, 3, 6, 7), out + 3 * stride);
}

}  // namespace

bool to_floats(ElementType type, const uint8_t* from, size_t n, float* out) noexcept {
  return with_type(type, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_same_v<T, float>) {
      return copy_floats(from, n, out);
    } else if constexpr (std::is_same_v<T, Half>) {
      return words_to_floats<HalfWords>(from, n, out);
    } else if constexpr (std::is_same_v<T, UpperHalf>) {
      return words_to_floats<UpperWords>(from, n, out);
    } else if constexpr (std::is_same_v<T, BoolByte>) {
      for (size_t k = 0; k < n; ++k) out[k] = from[k] == 0 ? 0.0f : 1.0f;
      return true;
    } else {
      for (size_t k = 0; k < n; ++k) out[k] = static_cast<float>(load<T>(from, k));
      return !std::is_same_v<T, double> || all_finite(out, n);
    }
  });
}

void to_columns(size_t rows, size_t columns, const float* in, size_t stride, float* out) noexcept {
  size_t column = 0;
  if (rows == kTransposedRows) {
    for (; column + kFloats <= columns; column += kFloats) {
      for (size_t row = 0; row < kTransposedRows; row += kFloats) {
        transpose(columns, in + row * columns + column, stride, out + column * stride + row);
      }
    }
  }
  for (; column < columns; ++column) {
    for (size_t row = 0; row < rows; ++row) out[column * stride + row] = in[row * columns + column];
  }
}

}  // namespace nrw
