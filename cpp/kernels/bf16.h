// Products of bf16 operands with f32 sums, one table for each instruction set. The rules of kernels.h hold: functions
// are single-threaded and noexcept and allocate nothing, and the order of an element's sum over k is fixed.
//
// Operands are packed into tiles of 16 x 16 words (1 KB), padded with zeros. A word holds two neighbours along k:
//   A (m x k): tile (i / 16, p / 32), word (i % 16, p % 32 / 2);  packed[m / 16][k / 32][16][32]
//   B (k x n): tile (j / 16, p / 32), word (p % 32 / 2, j % 16);  packed[n / 16][k / 32][16][16][2]
// Values are rounded to the nearest, ties to even; denormals become 0.
#pragma once

#include "kernels/kernels.h"

namespace nrw {

using Bf16 = uint16_t;  // the upper half of a float

inline constexpr size_t kBf16Rows = 16, kBf16Depth = 32;

// Values of a packed operand: `across` is A's m or B's n. Buffers are aligned to 64 bytes.
inline constexpr size_t bf16_packed_size(size_t across, size_t k) noexcept {
  return (across + kBf16Rows - 1) / kBf16Rows * kBf16Rows * ((k + kBf16Depth - 1) / kBf16Depth * kBf16Depth);
}

struct Bf16Kernels {
  const char* name;  // "plain", "avx512_bf16", "amx_bf16"

  // Packs a (m rows of k floats) as A. If pairs is not NULL, it gets the same matrix packed as B (m x k).
  void (*pack_rows)(size_t m, size_t k, const float* a, size_t stride, Bf16* rows, Bf16* pairs) noexcept;
  // Packs A (m x k) from its transpose a (k rows of m floats).
  void (*pack_a_transposed)(size_t m, size_t k, const float* a, size_t stride, Bf16* packed) noexcept;
  // Packs B (k x n) from its transpose b (n rows of k floats).
  void (*pack_b_transposed)(size_t k, size_t n, const float* b, size_t stride, Bf16* packed) noexcept;

  // C (m x n, leading dimension ldc) = A B, or C += A B if `accumulate` is set. A and B are packed.
  void (*gemm)(size_t m, size_t n, size_t k, const Bf16* a, const Bf16* b, float* c, size_t ldc,
               bool accumulate) noexcept;
};

// The table that `precision: bf16` uses: the fastest one that this machine can run, or NULL if it has no bf16 products.
// NARROWS_ISA=amx or avx512 chooses that instruction set, plain the reference, and any other name gives NULL.
const Bf16Kernels* bf16_kernels() noexcept;
const char* bf16_reason() noexcept;  // one line that says why this table was chosen, or why there is none
// The tables this machine can run, the reference last.
const Bf16Kernels* const* available_bf16_kernels(size_t* count) noexcept;

}  // namespace nrw
