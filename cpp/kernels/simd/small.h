// Products with few columns and a short sum, as tiny networks have them. B is not packed into panels of kPanel columns,
// since most of them would be padding. The sums have the same order as in gemm.h, so the results have the same bits.
//
// bench_network on one core of Zen 3, a step of a network 16-8-2-8-16 with batches of 4: these products take 8 % of the
// step's instructions, 17 % with packing; 5 % where the compiler knows n and k (base/specialised.h).
#pragma once

#include "base/specialised.h"
#include "kernels/simd/gemm.h"
#include "kernels/simd/pack.h"

namespace nrw {
namespace {

constexpr size_t kSmallPitch = kSmallColumns;                         // of B's rows on the stack
static_assert(kSmallColumns % kLanes == 0 && kSmallDepth <= kDepth);  // whole vectors; one part of k

// kRows rows of C.
template <int kRows, class Columns, class Depth>
NRW_INLINE void small_rows(Columns n, Depth k, const float* a, size_t row_stride, size_t column_stride, const float* b,
                           float* c, size_t ldc, bool accumulate) noexcept {
  for (size_t j = 0; j < n; j += kLanes) {
    Vec sum[kRows] = {};
    for (size_t p = 0; p < k; ++p) {
      const Vec b_p = load(b + p * kSmallPitch + j);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) sum[i] = fma(splat(a[i * row_stride + p * column_stride]), b_p, sum[i]);
    }
    const size_t count = at_most(n - j, kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      float* place = c + i * ldc + j;
      if (count == kLanes) {
        store(place, accumulate ? load(place) + sum[i] : sum[i]);
      } else {
        store_first(place, count, accumulate ? load_first(place, count) + sum[i] : sum[i]);
      }
    }
  }
}

template <class Columns, class Depth>
NRW_INLINE void small_of(size_t m, Columns n, Depth k, const float* a, size_t row_stride, size_t column_stride,
                         const float* b, size_t b_row_stride, size_t b_column_stride, float* c, size_t ldc,
                         bool accumulate) noexcept {
  alignas(64) float rows[kSmallDepth * kSmallPitch];
  if (b_column_stride == 1) {
    for (size_t p = 0; p < k; ++p) {
      for (size_t j = 0; j < n; j += kLanes) {
        const size_t count = at_most(n - j, kLanes);
        const float* from = b + p * b_row_stride + j;
        store(rows + p * kSmallPitch + j, count == kLanes ? load(from) : load_first(from, count));
      }
    }
  } else {
    for (size_t p = 0; p < k; ++p) {
      for (size_t j = 0; j < (n + kLanes - 1) / kLanes * kLanes; ++j) {
        rows[p * kSmallPitch + j] = j < n ? b[p * b_row_stride + j * b_column_stride] : 0;
      }
    }
  }
  size_t i = 0;
  for (; i + 4 <= m; i += 4) {
    small_rows<4>(n, k, a + i * row_stride, row_stride, column_stride, rows, c + i * ldc, ldc, accumulate);
  }
  for (; i < m; ++i) {
    small_rows<1>(n, k, a + i * row_stride, row_stride, column_stride, rows, c + i * ldc, ldc, accumulate);
  }
}

void small_gemm(size_t m, size_t n, size_t k, const float* a, size_t row_stride, size_t column_stride, const float* b,
                size_t b_row_stride, size_t b_column_stride, float* c, size_t ldc, bool accumulate) noexcept {
  with_known_size(n, [=](auto columns) {
    with_known_size(k, [=](auto depth) {
      small_of(m, columns, depth, a, row_stride, column_stride, b, b_row_stride, b_column_stride, c, ldc, accumulate);
    });
  });
}

}  // namespace
}  // namespace nrw
