// The reference: values are rounded with integer arithmetic, and sums are in the order of k.
#include <bit>
#include <cstring>

#include "kernels/bf16/tables.h"

namespace nrw {

namespace {

Bf16 round_to_bf16(float value) noexcept {
  const uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<Bf16>(bits >> 16 | 0x40);     // a quiet NaN
  if (magnitude < 0x00800000u) return static_cast<Bf16>(bits >> 16 & 0x8000u);  // a denormal: zero
  return static_cast<Bf16>((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);          // to nearest, ties to even
}

float widen(Bf16 value) noexcept { return std::bit_cast<float>(uint32_t{value} << 16); }

size_t depth_tiles(size_t k) noexcept { return (k + kBf16Depth - 1) / kBf16Depth; }
constexpr size_t kTile = kBf16Rows * kBf16Depth;

Bf16* element_of_a(Bf16* a, size_t k, size_t i, size_t p) noexcept {
  return a + (i / 16 * depth_tiles(k) + p / 32) * kTile + i % 16 * 32 + p % 32;
}
Bf16* element_of_b(Bf16* b, size_t k, size_t p, size_t j) noexcept {
  return b + (j / 16 * depth_tiles(k) + p / 32) * kTile + p % 32 / 2 * 32 + j % 16 * 2 + p % 2;
}

void pack_rows(size_t m, size_t k, const float* a, size_t stride, Bf16* rows, Bf16* pairs) noexcept {
  std::memset(rows, 0, bf16_packed_size(m, k) * sizeof(Bf16));
  if (pairs != nullptr) std::memset(pairs, 0, bf16_packed_size(k, m) * sizeof(Bf16));
  for (size_t i = 0; i < m; ++i) {
    for (size_t p = 0; p < k; ++p) {
      const Bf16 value = round_to_bf16(a[i * stride + p]);
      *element_of_a(rows, k, i, p) = value;
      if (pairs != nullptr) *element_of_b(pairs, m, i, p) = value;
    }
  }
}

void pack_a_transposed(size_t m, size_t k, const float* a, size_t stride, Bf16* packed) noexcept {
  std::memset(packed, 0, bf16_packed_size(m, k) * sizeof(Bf16));
  for (size_t p = 0; p < k; ++p) {
    for (size_t i = 0; i < m; ++i) *element_of_a(packed, k, i, p) = round_to_bf16(a[p * stride + i]);
  }
}

void pack_b_transposed(size_t k, size_t n, const float* b, size_t stride, Bf16* packed) noexcept {
  std::memset(packed, 0, bf16_packed_size(n, k) * sizeof(Bf16));
  for (size_t j = 0; j < n; ++j) {
    for (size_t p = 0; p < k; ++p) *element_of_b(packed, k, p, j) = round_to_bf16(b[j * stride + p]);
  }
}

void gemm(size_t m, size_t n, size_t k, const Bf16* a, const Bf16* b, float* c, size_t ldc, bool accumulate) noexcept {
  for (size_t i = 0; i < m; ++i) {
    for (size_t j = 0; j < n; ++j) {
      float sum = accumulate ? c[i * ldc + j] : 0;
      for (size_t p = 0; p < k; ++p) {
        sum +=
            widen(*element_of_a(const_cast<Bf16*>(a), k, i, p)) * widen(*element_of_b(const_cast<Bf16*>(b), k, p, j));
      }
      c[i * ldc + j] = sum;
    }
  }
}

}  // namespace

const Bf16Kernels kPlainBf16Kernels = {.name = "plain",
                                       .pack_rows = pack_rows,
                                       .pack_a_transposed = pack_a_transposed,
                                       .pack_b_transposed = pack_b_transposed,
                                       .gemm = gemm};

}  // namespace nrw
