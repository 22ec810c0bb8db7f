// Products over packed panels. C is divided into blocks of at most kMicroRows x (kMicroVectors * kLanes) elements. The
// sums of a block stay in registers over kDepth steps of k.
//
// bench_gemm measures them. With kDepth = 128 the part of a panel that is in use fits into the first-level cache.
#pragma once

#include <utility>  // integer_sequence: a type, no code

#include "kernels/kernels.h"
#include "kernels/simd/vec.h"

namespace nrw {
namespace {

// k is cut at multiples of kDepth. Each part is summed in rising order from 0 and then added to C, so the order of an
// element's sum depends only on k.
constexpr size_t kDepth = 128;
constexpr size_t kRows = 32 * kMicroRows;         // rows of A that stay in the second-level cache while panels change
constexpr size_t kPass = kMicroVectors * kLanes;  // columns of a block
constexpr size_t kUnroll = 8;                     // steps of k per iteration
constexpr size_t kLineFloats = 16;                // of a cache line
static_assert(kPanel % kPass == 0 && kLineFloats % kLanes == 0 && kDepth % kUnroll == 0);

using Block = void (*)(size_t k, const float* a, size_t row_stride, size_t column_stride, const float* b, float* c,
                       size_t ldc, size_t columns, bool accumulate) noexcept;

// Whether A is stored by rows or by columns. A stride that is known to be 1 makes an address of a register and a
// constant.
enum class Lies { kInRows, kInColumns };

// Rows of A whose addresses are made of one register and multiples of the stride.
constexpr int kGroup = 3;
template <int Rows>
constexpr int kGroups = (Rows + kGroup - 1) / kGroup;

// The most rows of a block with so many vectors. With one vector, blocks of kMicroRows have too few sums to hide the
// latency of a multiply-add.
template <int Vectors>
constexpr int kMostRows = Vectors == 1 && kMicroVectors == 4                     ? 16
                          : Vectors == 1 || (Vectors == 2 && kMicroVectors == 4) ? 12
                                                                                 : kMicroRows;

// sum += column of A (Rows x 1) * row of B (1 x Vectors * kLanes). Row i of A is at at[i / kGroup] and i % kGroup
// strides.
template <int Rows, int Vectors>
NRW_INLINE void add_step(Vec (&sum)[Rows][Vectors], const float* const (&at)[kGroups<Rows>], size_t row_stride,
                         const Vec (&b_p)[Vectors]) noexcept {
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {
    const float* const a_ip = at[i / kGroup] + i % kGroup * row_stride;
    if constexpr (Vectors == 1) {
      sum[i][0] = add_product_of(a_ip, b_p[0], sum[i][0]);
    } else {
      const Vec all = splat(*a_ip);
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) sum[i][v] = add_product(all, b_p[v], sum[i][v]);
    }
  }
}

// A row of B (1 x columns), of which memory beyond the last column is not touched unless kWhole.
template <int Vectors, bool kWhole>
NRW_INLINE void load_row(const float* b, size_t last, Vec (&b_p)[Vectors]) noexcept {
#pragma GCC unroll 8
  for (int v = 0; v < Vectors; ++v) {
    b_p[v] = kWhole || v + 1 < Vectors ? load(b + v * kLanes) : load_first(b + v * kLanes, last);
  }
}

// sum += A (Rows x k) B (k x Vectors * kLanes, rows `pitch` apart).
//
// If two hardware threads share a core, the number of issued instructions limits the product rather than the
// multiply-adds. With AVX2 a step is 6 x 2 multiply-adds, 8 loads and few other instructions.
template <int Rows, int Vectors, Lies kLies, bool kWhole>
NRW_INLINE void add_run(Vec (&sum)[Rows][Vectors], size_t k, const float* a, size_t row_stride, size_t column_stride,
                        const float* b, size_t pitch, size_t last) noexcept {
  if constexpr (kLies == Lies::kInRows) column_stride = 1;
  if constexpr (kLies == Lies::kInColumns) row_stride = 1;
  const float* at[kGroups<Rows>];
#pragma GCC unroll 8
  for (int g = 0; g < kGroups<Rows>; ++g) at[g] = a + g * kGroup * row_stride;
  Vec b_p[Vectors];
  size_t p = 0;
  for (; p + kUnroll <= k; p += kUnroll) {
#pragma GCC unroll 8
    for (size_t step = 0; step < kUnroll; ++step) {
      keep(b);
      load_row<Vectors, kWhole>(b, last, b_p);
      b += pitch;
      if constexpr (kLies == Lies::kInRows) {
        const float* now[kGroups<Rows>];
        keep(row_stride);
#pragma GCC unroll 8
        for (int g = 0; g < kGroups<Rows>; ++g) {
          keep(at[g]);
          now[g] = at[g] + step;
        }
        add_step<Rows, Vectors>(sum, now, row_stride, b_p);
      } else {
        keep(at[0]);
#pragma GCC unroll 8
        for (int g = 1; g < kGroups<Rows>; ++g) at[g] = at[0] + g * kGroup;
        add_step<Rows, Vectors>(sum, at, row_stride, b_p);
        at[0] += column_stride;
      }
    }
    if constexpr (kLies == Lies::kInRows) {
#pragma GCC unroll 8
      for (int g = 0; g < kGroups<Rows>; ++g) at[g] += kUnroll;
    }
  }
  if constexpr (kLies == Lies::kInColumns) {
#pragma GCC unroll 8
    for (int g = 1; g < kGroups<Rows>; ++g) at[g] = at[0] + g * kGroup;
  }
  for (; p < k; ++p) {
    load_row<Vectors, kWhole>(b, last, b_p);
    add_step<Rows, Vectors>(sum, at, row_stride, b_p);
    b += pitch;
#pragma GCC unroll 8
    for (int g = 0; g < kGroups<Rows>; ++g) at[g] += column_stride;
  }
}

// C is needed last, and is in the cache by then.
template <int Rows, int Vectors>
NRW_INLINE void ask_for(const float* c, size_t ldc) noexcept {
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; v += static_cast<int>(kLineFloats / kLanes)) {
      __builtin_prefetch(c + i * ldc + v * kLanes, 1);
    }
  }
}

template <int Rows, int Vectors>
NRW_INLINE void put(const Vec (&sum)[Rows][Vectors], float* c, size_t ldc, size_t columns, bool accumulate) noexcept {
#pragma GCC unroll 16
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

// C (Rows x columns) = or += A (Rows x k) B (k x columns, rows kPass apart), columns <= Vectors * kLanes.
template <int Rows, int Vectors, Lies kLies>
__attribute__((noinline)) void block(size_t k, const float* a, size_t row_stride, size_t column_stride, const float* b,
                                     float* c, size_t ldc, size_t columns, bool accumulate) noexcept {
  ask_for<Rows, Vectors>(c, ldc);
  Vec sum[Rows][Vectors] = {};
  add_run<Rows, Vectors, kLies, true>(sum, k, a, row_stride, column_stride, b, kPass, 0);
  put(sum, c, ldc, columns, accumulate);
}

template <int Vectors, Lies kLies, int... Row>
NRW_INLINE Block block_of(size_t rows, std::integer_sequence<int, Row...>) noexcept {
  static constexpr Block kOf[] = {block<Row + 1, Vectors, kLies>...};
  return kOf[rows - 1];
}

template <int Vectors, Lies kLies>
NRW_INLINE Block block_of(size_t rows) noexcept {
  return block_of<Vectors, kLies>(rows, std::make_integer_sequence<int, kMostRows<Vectors>>{});
}

template <Lies kLies>
NRW_INLINE Block choose_block(size_t rows, size_t columns) noexcept {
  const size_t vectors = (columns + kLanes - 1) / kLanes;
  if constexpr (kMicroVectors == 4) {
    if (vectors == 4) return block_of<4, kLies>(rows);
    if (vectors == 3) return block_of<3, kLies>(rows);
  }
  return vectors == 2 ? block_of<2, kLies>(rows) : block_of<1, kLies>(rows);
}

NRW_INLINE Block choose_block(Lies lies, size_t rows, size_t columns) noexcept {
  return lies == Lies::kInRows ? choose_block<Lies::kInRows>(rows, columns)
                               : choose_block<Lies::kInColumns>(rows, columns);
}

NRW_INLINE size_t most_rows(size_t columns) noexcept {
  const size_t vectors = (columns + kLanes - 1) / kLanes;
  return vectors == 1 ? kMostRows<1> : vectors == 2 ? kMostRows<2> : kMicroRows;
}

// Rows of the next block. The last rows are divided evenly, since blocks of few rows have too few sums.
NRW_INLINE size_t next_rows(size_t left, size_t most) noexcept {
  return left >= 2 * most || left <= most ? at_most(left, most) : (left + 1) / 2;
}

// Prefetches `lines` cache lines from `at` of both ranges.
NRW_INLINE void ask(const Ahead& ahead, size_t at, size_t lines) noexcept {
  for (size_t i = at; i < at + lines; ++i) {
    if (i * kLineFloats >= ahead.floats) return;
    if (ahead.first != nullptr) __builtin_prefetch(ahead.first + i * kLineFloats, 0, 2);
    if (ahead.second != nullptr) __builtin_prefetch(ahead.second + i * kLineFloats, 0, 2);
  }
}

// Rows or columns of A that lie a multiple of so many floats apart share few sets of a cache, out of which they drive
// each other. The part of A in use is copied then, with gaps.
constexpr size_t kAlias = 256, kGap = kLineFloats;
constexpr size_t kCopied = kRows * (kDepth + kGap) > kDepth*(kRows + kGap) ? kRows*(kDepth + kGap)
                                                                           : kDepth*(kRows + kGap);

// Copies `lines` lines of `length` floats.
NRW_INLINE void copy_lines(size_t lines, size_t length, const float* from, size_t pitch, float* to,
                           size_t to_pitch) noexcept {
  for (size_t i = 0; i < lines; ++i, from += pitch, to += to_pitch) {
    size_t j = 0;
    for (; j + kLanes <= length; j += kLanes) store(to + j, load(from + j));
    if (j < length) store_first(to + j, length - j, load_first(from + j, length - j));
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
  const Lies lies = column_stride == 1 ? Lies::kInRows : Lies::kInColumns;
  const size_t stride = lies == Lies::kInRows ? row_stride : column_stride;
  const bool copies = stride % kAlias == 0 && m >= 2 * kMicroRows && n > kPass;
  alignas(64) float copied[kCopied];
  size_t asked = 0;
  for (size_t p = 0; p < k; p += kDepth) {
    const size_t depth = at_most(k - p, kDepth);
    for (size_t row = 0; row < m; row += kRows) {
      const size_t end = row + at_most(m - row, kRows);
      const float* part = a + row * row_stride + p * column_stride;
      size_t row_pitch = row_stride, column_pitch = column_stride;
      if (copies && lies == Lies::kInRows) {
        copy_lines(end - row, depth, part, row_stride, copied, row_pitch = kDepth + kGap);
        part = copied;
      } else if (copies) {
        copy_lines(depth, end - row, part, column_stride, copied, column_pitch = kRows + kGap);
        part = copied;
      }
      for (size_t j = 0; j < n; j += kPass) {
        const float* b = packed + j * k + p * kPass;
        const size_t columns = at_most(n - j, kPass);
        for (size_t i = row; i < end;) {
          const size_t rows = next_rows(end - i, most_rows(columns));
          ask(ahead, asked, share);
          asked += share;
          choose_block(lies, rows, columns)(depth, part + (i - row) * row_pitch, row_pitch, column_pitch, b,
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
