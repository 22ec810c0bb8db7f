// Products over packed panels. C is cut into blocks of at most kMicroRows x (kMicroVectors * kLanes); a block's sums
// live in registers over kDepth steps of k.
//
// Measured by bench_gemm on one core of a shared machine (AVX-512 at about 3.7 GHz, 2 MB L2; m, n, k from 64 to 512):
// AVX-512 83 to 96 % of the FMA peak, AVX2 84 to 95 %; at 512 cubed with A transposed 79 and 84 %. kDepth 128 (a
// panel's part, 32 KB, stays in L1) was a few percent ahead of 64, 192, 256 and 384. Packing A first cost 10 to 30 %
// where n <= 128 and gained nothing elsewhere, but for 10 % with AVX2 and A transposed.
#pragma once

#include "kernels/kernels.h"
#include "kernels/simd/vec.h"

namespace nrw {
namespace {

// k is cut at multiples of kDepth, each part summed in rising order from 0 and then added to C: the order of an
// element's sum depends on k alone.
constexpr size_t kDepth = 128;
constexpr size_t kRows = 32 * kMicroRows;         // rows of A that stay in L2 from panel to panel
constexpr size_t kPass = kMicroVectors * kLanes;  // columns of a block
constexpr size_t kPrefetch = 12;                  // steps of k ahead: 5 to 10 % where A is transposed
constexpr size_t kLineFloats = 16;                // of a cache line
static_assert(kPanel % kPass == 0 && kLineFloats % kLanes == 0);

using Block = void (*)(size_t k, const float* a, size_t row_stride, size_t column_stride, const float* b, float* c,
                       size_t ldc, size_t columns, bool accumulate) noexcept;

// C (Rows x columns) = or += A (Rows x k) B (k x columns, rows kPass apart), columns <= Vectors * kLanes.
template <int Rows, int Vectors>
__attribute__((noinline)) void block(size_t k, const float* a, size_t row_stride, size_t column_stride, const float* b,
                                     float* c, size_t ldc, size_t columns, bool accumulate) noexcept {
  // C is written last, and by then at hand.
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; v += static_cast<int>(kLineFloats / kLanes)) {
      __builtin_prefetch(c + i * ldc + v * kLanes, 1);
    }
  }
  Vec sum[Rows][Vectors] = {};
  for (size_t p = 0; p < k; ++p) {
    Vec b_p[Vectors];
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) b_p[v] = load(b + v * kLanes);
    __builtin_prefetch(a + kPrefetch * column_stride);
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      const Vec a_ip = splat(a[i * row_stride]);
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) sum[i][v] = fma(a_ip, b_p[v], sum[i][v]);
    }
    a += column_stride;
    b += kPass;
  }
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) {
      float* place = c + i * ldc + v * kLanes;
      if (columns >= (v + 1) * kLanes) {
        store(place, accumulate ? load(place) + sum[i][v] : sum[i][v]);
      } else {
        const size_t count = columns - v * kLanes;  // > 0: only the last vector is partial
        store_first(place, count, accumulate ? load_first(place, count) + sum[i][v] : sum[i][v]);
      }
    }
  }
}

template <int Vectors>
NRW_INLINE Block block_of(size_t rows) noexcept {
  static_assert(kMicroRows == 6);
  constexpr Block kOf[] = {block<1, Vectors>, block<2, Vectors>, block<3, Vectors>,
                           block<4, Vectors>, block<5, Vectors>, block<6, Vectors>};
  return kOf[rows - 1];
}

NRW_INLINE Block choose_block(size_t rows, size_t columns) noexcept {
  const size_t vectors = (columns + kLanes - 1) / kLanes;
  if constexpr (kMicroVectors == 4) {
    if (vectors == 4) return block_of<4>(rows);
    if (vectors == 3) return block_of<3>(rows);
  }
  return vectors == 2 ? block_of<2>(rows) : block_of<1>(rows);
}

// Rows of the next block, of those left: a few are shared out evenly, as blocks of 1 to 3 rows have too few sums to
// hide the latency of a multiply-add.
NRW_INLINE size_t next_rows(size_t left) noexcept {
  return left >= 2 * kMicroRows || left <= kMicroRows ? at_most(left, kMicroRows) : (left + 1) / 2;
}

// In the output layer at 60,664 x 512 (AVX2, two threads) this, C asked for before its sums and B in runs of one block
// together took 3 to 15 % off a step of 128 rows, in five pairs of runs on a busy machine; not measured apart.
// Asks for `lines` lines from `at` of both ranges.
NRW_INLINE void ask(const Ahead& ahead, size_t at, size_t lines) noexcept {
  for (size_t i = at; i < at + lines; ++i) {
    if (i * kLineFloats >= ahead.floats) return;
    if (ahead.first != nullptr) __builtin_prefetch(ahead.first + i * kLineFloats, 0, 2);
    if (ahead.second != nullptr) __builtin_prefetch(ahead.second + i * kLineFloats, 0, 2);
  }
}

void gemm_ahead(size_t m, size_t n, size_t k, const float* a, size_t row_stride, size_t column_stride,
                const float* packed, float* c, size_t ldc, bool accumulate, const Ahead& ahead) noexcept {
  if (k == 0 && !accumulate) {
    for (size_t i = 0; i < m; ++i) {
      for (size_t j = 0; j < n; ++j) c[i * ldc + j] = 0;
    }
  }
  const size_t blocks = ((k + kDepth - 1) / kDepth) * ((m + kMicroRows - 1) / kMicroRows) * ((n + kPass - 1) / kPass);
  const size_t lines = (ahead.floats + kLineFloats - 1) / kLineFloats;
  const size_t share = blocks == 0 ? 0 : (lines + blocks - 1) / blocks;  // of a block
  size_t asked = 0;
  for (size_t p = 0; p < k; p += kDepth) {
    const size_t depth = at_most(k - p, kDepth);
    for (size_t row = 0; row < m; row += kRows) {
      const size_t end = row + at_most(m - row, kRows);
      for (size_t j = 0; j < n; j += kPass) {
        const float* b = packed + j * k + p * kPass;
        const size_t columns = at_most(n - j, kPass);
        for (size_t i = row; i < end;) {
          const size_t rows = next_rows(end - i);
          ask(ahead, asked, share);
          asked += share;
          choose_block(rows, columns)(depth, a + i * row_stride + p * column_stride, row_stride, column_stride, b,
                                      c + i * ldc + j, ldc, columns, accumulate || p > 0);
          i += rows;
        }
      }
    }
  }
}

void gemm(size_t m, size_t n, size_t k, const float* a, size_t row_stride, size_t column_stride, const float* packed,
          float* c, size_t ldc, bool accumulate) noexcept {
  gemm_ahead(m, n, k, a, row_stride, column_stride, packed, c, ldc, accumulate, Ahead{});
}

}  // namespace
}  // namespace nrw
