// Packing for bf16 products with AVX-512 BF16. It is in the unnamed namespace of the including file, so that nothing
// compiled here is shared with another file.
#pragma once

#include <immintrin.h>

#include "kernels/bf16.h"

namespace nrw {
namespace {

constexpr size_t kTile = kBf16Rows * kBf16Depth;

inline size_t tiles_of(size_t size, size_t tile) noexcept { return (size + tile - 1) / tile; }
inline size_t at_most(size_t value, size_t limit) noexcept { return value < limit ? value : limit; }

// The first `count` floats at p, followed by zeros. If count is 0, nothing is read.
inline __m512 load(const float* p, size_t count) noexcept {
  return count >= 16 ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), p);
}

// bf16 of low's 16 floats, then of high's.
inline __m512i narrow(__m512 low, __m512 high) noexcept {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

inline __m512i rising_words() noexcept {
  return _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
}

// Word j is (even row's element first + j, odd row's) of two rows of 32 bf16 each; first: 0 or 16.
inline __m512i interleave(__m512i even, __m512i odd, int first) noexcept {
  const __m512i low = _mm512_add_epi32(rising_words(), _mm512_set1_epi32(first));
  const __m512i picks = _mm512_or_si512(low, _mm512_slli_epi32(_mm512_add_epi32(low, _mm512_set1_epi32(32)), 16));
  return _mm512_permutex2var_epi16(even, picks, odd);
}

// Word (i, j) of the 16 registers becomes word (j, i).
inline void transpose(__m512i (&r)[16]) noexcept {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {  // r[i + c]: in each quarter q, column 4 q + c of rows i to i + 3
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int c = 0; c < 4; ++c) {  // a 4 x 4 transpose of quarters
    const __m512i a = _mm512_shuffle_i32x4(r[c], r[c + 4], 0x88), b = _mm512_shuffle_i32x4(r[c], r[c + 4], 0xdd);
    const __m512i d = _mm512_shuffle_i32x4(r[c + 8], r[c + 12], 0x88);
    const __m512i e = _mm512_shuffle_i32x4(r[c + 8], r[c + 12], 0xdd);
    t[c] = _mm512_shuffle_i32x4(a, d, 0x88);
    t[c + 4] = _mm512_shuffle_i32x4(b, e, 0x88);
    t[c + 8] = _mm512_shuffle_i32x4(a, d, 0xdd);
    t[c + 12] = _mm512_shuffle_i32x4(b, e, 0xdd);
  }
  for (int i = 0; i < 16; ++i) r[i] = t[i];
}

// 32 floats from column p of a row of k, as bf16; zeros past the row's end and for a row that is not there.
inline __m512i narrow_row(const float* row, size_t p, size_t k, bool there) noexcept {
  if (there && p + 32 <= k) return narrow(_mm512_loadu_ps(row + p), _mm512_loadu_ps(row + p + 16));
  const size_t left = there && p < k ? k - p : 0;
  const size_t low = at_most(left, 16), high = at_most(left - low, 16);
  return narrow(load(row + p, low), load(row + p + low, high));
}

void pack_rows(size_t m, size_t k, const float* a, size_t stride, Bf16* rows, Bf16* pairs) noexcept {
  const size_t depth = tiles_of(k, kBf16Depth), pair_depth = tiles_of(m, kBf16Depth), row_tiles = tiles_of(m, 16);
  const size_t panels = tiles_of(k, 16);  // of pairs
  const size_t end = pairs == nullptr ? row_tiles * 16 : pair_depth * kBf16Depth;
  for (size_t i = 0; i < end; i += 2) {
    const float* even_row = a + i * stride;
    for (size_t q = 0; q < depth; ++q) {
      const __m512i even = narrow_row(even_row, q * 32, k, i < m);
      const __m512i odd = narrow_row(even_row + stride, q * 32, k, i + 1 < m);
      if (i < row_tiles * 16) {
        Bf16* to = rows + (i / 16 * depth + q) * kTile + i % 16 * 32;
        _mm512_store_si512(to, even);
        _mm512_store_si512(to + 32, odd);
      }
      if (pairs == nullptr) continue;
      Bf16* to = pairs + (2 * q * pair_depth + i / 32) * kTile + i % 32 / 2 * 32;
      _mm512_store_si512(to, interleave(even, odd, 0));
      if (2 * q + 1 < panels) _mm512_store_si512(to + pair_depth * kTile, interleave(even, odd, 16));
    }
  }
}

void pack_a_transposed(size_t m, size_t k, const float* a, size_t stride, Bf16* packed) noexcept {
  const size_t depth = tiles_of(k, kBf16Depth);
  const __m512i words = rising_words();
  const __m512i picks = _mm512_or_si512(words, _mm512_slli_epi32(_mm512_add_epi32(words, _mm512_set1_epi32(16)), 16));
  for (size_t q = 0; q < depth; ++q) {
    for (size_t i = 0; i < m; i += 16) {
      __m512i tile[16];
      for (size_t w = 0; w < 16; ++w) {  // word w: rows p and p + 1 of a
        const size_t p = q * 32 + 2 * w;
        const size_t even = p < k ? m - i : 0, odd = p + 1 < k ? m - i : 0;
        tile[w] = _mm512_permutexvar_epi16(picks,
                                           narrow(load(a + p * stride + i, even), load(a + (p + 1) * stride + i, odd)));
      }
      transpose(tile);
      Bf16* to = packed + (i / 16 * depth + q) * kTile;
      for (size_t w = 0; w < 16; ++w) _mm512_store_si512(to + w * 32, tile[w]);
    }
  }
}

void pack_b_transposed(size_t k, size_t n, const float* b, size_t stride, Bf16* packed) noexcept {
  const size_t depth = tiles_of(k, kBf16Depth);
  for (size_t j = 0; j < n; j += 16) {
    for (size_t q = 0; q < depth; ++q) {
      __m512i tile[16];
      for (size_t w = 0; w < 16; ++w) tile[w] = narrow_row(b + (j + w) * stride, q * 32, k, j + w < n);
      transpose(tile);
      Bf16* to = packed + (j / 16 * depth + q) * kTile;
      for (size_t w = 0; w < 16; ++w) _mm512_store_si512(to + w * 32, tile[w]);
    }
  }
}

}  // namespace
}  // namespace nrw
