// Packs B into panels of kPanel columns. Within a panel, the kPass columns that a block of the product uses are
// together, packed[panel][pass][p][kPass], so that a block reads contiguous memory.
#pragma once

#include <utility>  // integer_sequence: a type, no code

#include "kernels/kernels.h"
#include "kernels/simd/gemm.h"
#include "kernels/simd/vec.h"

namespace nrw {
namespace {

// One round of the transposition of a kLanes x kLanes block held as rows: with bit = 2^r, element (i + bit, j) changes
// places with (i, j + bit), for all i, j that have that bit clear.
template <int Bit, int... Lane>
NRW_INLINE void swap_bit(Vec* row, std::integer_sequence<int, Lane...>) noexcept {
  constexpr int kOther = kLanes;  // lanes of the second operand are numbered from here
#pragma GCC unroll 16
  for (int i = 0; i < static_cast<int>(kLanes); ++i) {
    if ((i & Bit) != 0) continue;
    const Vec upper = row[i], lower = row[i + Bit];
    row[i] = __builtin_shufflevector(upper, lower, ((Lane & Bit) == 0 ? Lane : kOther + Lane - Bit)...);
    row[i + Bit] = __builtin_shufflevector(upper, lower, ((Lane & Bit) == 0 ? Lane + Bit : kOther + Lane)...);
  }
}

NRW_INLINE void transpose(Vec* row) noexcept {
  constexpr std::make_integer_sequence<int, kLanes> kEach;
  swap_bit<1>(row, kEach);
  swap_bit<2>(row, kEach);
  if constexpr (kLanes > 4) swap_bit<4>(row, kEach);
  if constexpr (kLanes > 8) swap_bit<8>(row, kEach);
}

// Columns that are contiguous over p (B is the transpose of a row-major matrix): by blocks of kLanes x kLanes.
void pack_panel_transposed(size_t k, size_t columns, const float* b, size_t column_stride, float* packed) noexcept {
  for (size_t j = 0; j < kPanel; j += kLanes) {
    for (size_t p = 0; p < k; p += kLanes) {
      const size_t depth = at_most(k - p, kLanes);
      Vec row[kLanes];
#pragma GCC unroll 16
      for (size_t lane = 0; lane < kLanes; ++lane) {
        const float* from = b + (j + lane) * column_stride + p;
        row[lane] = j + lane >= columns ? Vec{} : depth == kLanes ? load(from) : load_first(from, depth);
      }
      transpose(row);
#pragma GCC unroll 16
      for (size_t lane = 0; lane < kLanes; ++lane) {
        if (lane < depth) store(packed + j / kPass * kPass * k + (p + lane) * kPass + j % kPass, row[lane]);
      }
    }
  }
}

void pack_panel(size_t k, size_t columns, const float* b, size_t row_stride, size_t column_stride,
                float* packed) noexcept {
  for (size_t p = 0; p < k; ++p) {
    const float* row = b + p * row_stride;
    for (size_t j = 0; j < kPanel; ++j) {
      packed[j / kPass * kPass * k + j % kPass] = j < columns ? row[j * column_stride] : 0;
    }
    packed += kPass;
  }
}

// Fewer than kPanel columns, contiguous within a row.
void pack_part_panel(size_t k, size_t columns, const float* b, size_t row_stride, float* packed) noexcept {
  for (size_t j = 0; j < kPanel; j += kLanes) {
    const size_t count = j < columns ? at_most(columns - j, kLanes) : 0;
    float* to = packed + j / kPass * kPass * k + j % kPass;
    for (size_t p = 0; p < k; ++p) {
      const float* from = b + p * row_stride + j;
      store(to + p * kPass, count == kLanes ? load(from) : count == 0 ? Vec{} : load_first(from, count));
    }
  }
}

void pack_whole_panel(size_t k, const float* b, size_t row_stride, float* packed) noexcept {
  for (size_t p = 0; p < k; ++p) {
#pragma GCC unroll 16
    for (size_t j = 0; j < kPanel; j += kLanes) store(packed + j / kPass * kPass * k + j % kPass, load(b + j));
    b += row_stride;
    packed += kPass;
  }
}

void pack_b(size_t k, size_t n, const float* b, size_t row_stride, size_t column_stride, float* packed) noexcept {
  for (size_t first = 0; first < n; first += kPanel) {
    const size_t columns = at_most(n - first, kPanel);
    const float* from = b + first * column_stride;
    if (row_stride == 1) {
      pack_panel_transposed(k, columns, from, column_stride, packed);
    } else if (column_stride == 1 && columns == kPanel) {
      pack_whole_panel(k, from, row_stride, packed);
    } else if (column_stride == 1) {
      pack_part_panel(k, columns, from, row_stride, packed);
    } else {
      pack_panel(k, columns, from, row_stride, column_stride, packed);
    }
    packed += k * kPanel;
  }
}

}  // namespace
}  // namespace nrw
