// The products of convolutions over windows that are read where they lie: a block keeps its sums in registers while it
// goes over the runs of its windows (Georganas et al. 2020, "Harnessing Deep Learning via a Single Building Block").
#pragma once

#include <utility>  // integer_sequence: a type, no code

#include "kernels/simd/gemm.h"
#include "kernels/simd/vec.h"

namespace nrw {
namespace {

// Floats that a call works through at once: `count` stretches of `length`, each `pitch` after the one before.
struct Stretches {
  size_t count, length, pitch;
};

// The stretches of one part of a sum: whole ones, at least one, up to kDepth floats, or kDepth floats of one.
// each(first, offset, part): of `part.count` stretches from `first` on, part.length floats from `offset` on.
template <class Each>
NRW_INLINE void each_part(const Stretches& all, Each&& each) noexcept {
  if (all.length > kDepth) {
    for (size_t s = 0; s < all.count; ++s) {
      for (size_t at = 0; at < all.length; at += kDepth) {
        each(s, at, Stretches{1, at_most(all.length - at, kDepth), all.pitch});
      }
    }
    return;
  }
  const size_t whole = all.length == 0 ? all.count : kDepth / all.length;
  for (size_t s = 0; s < all.count; s += whole)
    each(s, 0, Stretches{at_most(all.count - s, whole), all.length, all.pitch});
}

// ── C = W B

// What is added to the sums of a block.
enum class Start { kZero, kBias, kC };

using GatherBlock = void (*)(const Stretches& part, const float* a, size_t pitch, const float* b, float* c, size_t ldc,
                             size_t columns, Start start, const float* bias) noexcept;

template <int Rows, int Vectors>
__attribute__((noinline)) void gather_block(const Stretches& part, const float* a, size_t pitch, const float* b,
                                            float* c, size_t ldc, size_t columns, Start start,
                                            const float* bias) noexcept {
  ask_for<Rows, Vectors>(c, ldc);
  Vec sum[Rows][Vectors] = {};
  if (start == Start::kBias) {
    Vec first[Vectors];
    load_row<Vectors, false>(bias, columns - (Vectors - 1) * kLanes, first);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; ++v) sum[i][v] = first[v];
    }
  }
  for (size_t r = 0; r < part.count; ++r) {
    add_run<Rows, Vectors, Lies::kInRows, true>(sum, part.length, a + r * part.pitch, pitch, 1, b, kPass, 0);
    b += part.length * kPass;
  }
  put(sum, c, ldc, columns, start == Start::kC);
}

template <int Vectors, int... Row>
NRW_INLINE GatherBlock gather_of(size_t rows, std::integer_sequence<int, Row...>) noexcept {
  static constexpr GatherBlock kOf[] = {gather_block<Row + 1, Vectors>...};
  return kOf[rows - 1];
}

template <int Vectors>
NRW_INLINE GatherBlock gather_of(size_t rows) noexcept {
  return gather_of<Vectors>(rows, std::make_integer_sequence<int, kMostRows<Vectors>>{});
}

NRW_INLINE GatherBlock choose_gather(size_t rows, size_t columns) noexcept {
  const size_t vectors = (columns + kLanes - 1) / kLanes;
  if constexpr (kMicroVectors == 4) {
    if (vectors == 4) return gather_of<4>(rows);
    if (vectors == 3) return gather_of<3>(rows);
  }
  return vectors == 2 ? gather_of<2>(rows) : gather_of<1>(rows);
}

void window_gemm(const Windows& w, size_t n, const float* packed, const float* bias, const Places<float>& c) noexcept {
  const size_t k = w.depth();
  each_part({w.runs, w.run, w.run_pitch}, [&](size_t first, size_t offset, const Stretches& part) {
    const float* const a = w.data + first * w.run_pitch + offset;
    const size_t p = first * w.run + offset;
    const Start start = p > 0 ? Start::kC : bias == nullptr ? Start::kZero : Start::kBias;
    for (size_t j = 0; j < n; j += kPass) {
      const float* const b = packed + j * k + p * kPass;
      const size_t columns = at_most(n - j, kPass), most = most_rows(columns);
      for (size_t line = 0; line < w.lines; ++line) {
        for (size_t i = 0; i < w.places;) {
          const size_t rows = next_rows(w.places - i, most);
          choose_gather(rows, columns)(part, a + line * w.line_pitch + i * w.pitch, w.pitch, b, c.at(line, i) + j,
                                       c.pitch, columns, start, start == Start::kBias ? bias + j : nullptr);
          i += rows;
        }
      }
    }
  });
}

// ── C = W B' for B of few rows: sums along the windows, whose lanes are added at the end

// Vec i of the result: the sum of all lanes of row i.
template <int Bit, int... Lane>
NRW_INLINE void fold_lanes(Vec* row, std::integer_sequence<int, Lane...> lanes) noexcept {
  constexpr int kOther = kLanes;  // lanes of the second operand are numbered from here
#pragma GCC unroll 16
  for (int i = 0; i < Bit; ++i) {
    const Vec low = row[i], high = row[i + Bit];
    row[i] = __builtin_shufflevector(low, high, ((Lane & Bit) == 0 ? Lane : kOther + Lane - Bit)...) +
             __builtin_shufflevector(low, high, ((Lane & Bit) == 0 ? Lane + Bit : kOther + Lane)...);
  }
  if constexpr (Bit > 1) fold_lanes<Bit / 2>(row, lanes);
}

template <int Rows, int Columns>
__attribute__((noinline)) void dots_block(const Windows& w, const float* a, const float* b, const float* bias, float* c,
                                          size_t ldc) noexcept {
  const size_t depth = w.depth(), end = w.run % kLanes, pitch = w.pitch;
  Vec sum[kLanes] = {};
  const auto step = [&](const float* at, const float* of, auto load_at) {
    Vec b_p[Columns];
#pragma GCC unroll 4
    for (int j = 0; j < Columns; ++j) b_p[j] = load_at(of + j * depth);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const Vec a_i = load_at(at + i * pitch);
#pragma GCC unroll 4
      for (int j = 0; j < Columns; ++j) sum[i * Columns + j] = add_product(a_i, b_p[j], sum[i * Columns + j]);
    }
  };
  for (size_t r = 0; r < w.runs; ++r) {
    const float *at = a + r * w.run_pitch, *of = b + r * w.run;
    for (size_t p = 0; p + kLanes <= w.run; p += kLanes) {
      step(at, of, [](const float* from) { return load(from); });
      at += kLanes, of += kLanes;
    }
    if (end > 0) step(at, of, [=](const float* from) { return load_first(from, end); });
  }
  fold_lanes<kLanes / 2>(sum, std::make_integer_sequence<int, kLanes>{});
  if (Columns == 1 && ldc == 1 && bias == nullptr) return store_first(c, Rows, sum[0]);
  if (Columns == 1 && ldc == 1) return store_first(c, Rows, sum[0] + splat(bias[0]));
#pragma GCC unroll 16
  for (size_t i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
    for (size_t j = 0; j < Columns; ++j) c[i * ldc + j] = sum[0][i * Columns + j] + (bias == nullptr ? 0 : bias[j]);
  }
}

using DotsBlock = void (*)(const Windows& w, const float* a, const float* b, const float* bias, float* c,
                           size_t ldc) noexcept;

template <int Columns, int... Row>
NRW_INLINE DotsBlock dots_of(size_t rows, std::integer_sequence<int, Row...>) noexcept {
  static constexpr DotsBlock kOf[] = {dots_block<Row + 1, Columns>...};
  return kOf[rows - 1];
}

template <int Columns>
NRW_INLINE void dots(const Windows& w, const float* b, const float* bias, const Places<float>& c) noexcept {
  constexpr size_t kMost = kLanes / Columns;
  for (size_t line = 0; line < w.lines; ++line) {
    for (size_t i = 0; i < w.places;) {
      const size_t rows = at_most(w.places - i, kMost);
      const DotsBlock block = dots_of<Columns>(rows, std::make_integer_sequence<int, kMost>{});
      block(w, w.data + line * w.line_pitch + i * w.pitch, b, bias, c.at(line, i), c.pitch);
      i += rows;
    }
  }
}

void window_dots(const Windows& w, size_t n, const float* b, const float* bias, const Places<float>& c) noexcept {
  static_assert(kFewFilters == 4);
  switch (n) {
    case 1:
      return dots<1>(w, b, bias, c);
    case 2:
      return dots<2>(w, b, bias, c);
    case 3:
      return dots<3>(w, b, bias, c);
    case 4:
      return dots<4>(w, b, bias, c);
    default:
      return;
  }
}

// ── C += Y' W

using OuterBlock = void (*)(const Stretches& part, size_t pitch, const Places<const float>& y, const float* w, float* c,
                            size_t ldc, size_t columns) noexcept;

// y: of the part's first place, where only pitches count.
template <int Rows, int Vectors, bool kWhole>
__attribute__((noinline)) void outer_block(const Stretches& part, size_t pitch, const Places<const float>& y,
                                           const float* w, float* c, size_t ldc, size_t columns) noexcept {
  Vec sum[Rows][Vectors] = {};
  const size_t last = columns - (Vectors - 1) * kLanes;
  for (size_t s = 0; s < part.count; ++s) {
    add_run<Rows, Vectors, Lies::kInColumns, kWhole>(sum, part.length, y.at(s, 0), 1, y.pitch, w, pitch, last);
    w += part.pitch;
  }
  put(sum, c, ldc, columns, true);
}

template <int Vectors, bool kWhole, int... Row>
NRW_INLINE OuterBlock outer_of(size_t rows, std::integer_sequence<int, Row...>) noexcept {
  static constexpr OuterBlock kOf[] = {outer_block<Row + 1, Vectors, kWhole>...};
  return kOf[rows - 1];
}

template <int Vectors>
NRW_INLINE OuterBlock outer_of(size_t rows, bool whole) noexcept {
  constexpr std::make_integer_sequence<int, kMostRows<Vectors>> kEach;
  return whole ? outer_of<Vectors, true>(rows, kEach) : outer_of<Vectors, false>(rows, kEach);
}

NRW_INLINE OuterBlock choose_outer(size_t rows, size_t columns) noexcept {
  const size_t vectors = (columns + kLanes - 1) / kLanes;
  const bool whole = columns % kLanes == 0;
  if constexpr (kMicroVectors == 4) {
    if (vectors == 4) return outer_of<4>(rows, whole);
    if (vectors == 3) return outer_of<3>(rows, whole);
  }
  return vectors == 2 ? outer_of<2>(rows, whole) : outer_of<1>(rows, whole);
}

void window_outer(const Windows& w, size_t n, const Places<const float>& y, float* c) noexcept {
  const size_t k = w.depth();
  each_part({w.lines, w.places, w.line_pitch}, [&](size_t line, size_t offset, const Stretches& part) {
    const float* const from = w.data + line * w.line_pitch + offset * w.pitch;
    for (size_t r = 0; r < w.runs; ++r) {
      for (size_t j = 0; j < w.run; j += kPass) {
        const size_t columns = at_most(w.run - j, kPass), most = most_rows(columns);
        for (size_t i = 0; i < n;) {
          const size_t rows = next_rows(n - i, most);
          choose_outer(rows, columns)(part, w.pitch, {y.at(line, offset) + i, y.line_pitch, y.pitch},
                                      from + r * w.run_pitch + j, c + i * k + r * w.run + j, k, columns);
          i += rows;
        }
      }
    }
  });
}

}  // namespace
}  // namespace nrw
