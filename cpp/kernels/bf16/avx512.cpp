// vdpbf16ps: each lane adds the products of two neighbours along k.
#include "kernels/bf16/pack.h"
#include "kernels/bf16/tables.h"

namespace nrw {

namespace {

constexpr size_t kRows = 8;  // of C at a time: with 2 panels of 16 columns, 16 sums in flight

template <size_t kPanels>
void block(size_t rows, size_t columns, size_t depth, const Bf16* a, const Bf16* b, float* c, size_t ldc,
           bool accumulate) noexcept {
  const auto mask = [&](size_t v) { return static_cast<__mmask16>((1u << at_most(columns - v * 16, 16)) - 1); };
  __m512 sum[kRows][kPanels];
  for (size_t i = 0; i < kRows; ++i) {
    for (size_t v = 0; v < kPanels; ++v) {
      sum[i][v] = accumulate && i < rows ? _mm512_maskz_loadu_ps(mask(v), c + i * ldc + v * 16) : _mm512_setzero_ps();
    }
  }
  for (size_t q = 0; q < depth; ++q) {
    const auto* words = reinterpret_cast<const int32_t*>(a + q * kTile);
    for (size_t w = 0; w < 16; ++w) {
      __m512bh pairs[kPanels];
      for (size_t v = 0; v < kPanels; ++v) {
        pairs[v] = reinterpret_cast<__m512bh>(_mm512_load_si512(b + (v * depth + q) * kTile + w * 32));
      }
      for (size_t i = 0; i < kRows; ++i) {
        const __m512bh value = reinterpret_cast<__m512bh>(_mm512_set1_epi32(words[i * 16 + w]));
        for (size_t v = 0; v < kPanels; ++v) sum[i][v] = _mm512_dpbf16_ps(sum[i][v], value, pairs[v]);
      }
    }
  }
  for (size_t i = 0; i < at_most(rows, kRows); ++i) {
    for (size_t v = 0; v < kPanels; ++v) _mm512_mask_storeu_ps(c + i * ldc + v * 16, mask(v), sum[i][v]);
  }
}

void gemm(size_t m, size_t n, size_t k, const Bf16* a, const Bf16* b, float* c, size_t ldc, bool accumulate) noexcept {
  const size_t depth = tiles_of(k, kBf16Depth);
  for (size_t j = 0; j < n; j += 32) {
    const Bf16* panel = b + j / 16 * depth * kTile;
    for (size_t i = 0; i < m; i += kRows) {
      const Bf16* rows = a + i / 16 * depth * kTile + i % 16 * 32;
      const auto run = n - j > 16 ? block<2> : block<1>;
      run(m - i, n - j, depth, rows, panel, c + i * ldc + j, ldc, accumulate);
    }
  }
}

}  // namespace

const Bf16Kernels kAvx512Bf16Kernels = {.name = "avx512_bf16",
                                        .pack_rows = pack_rows,
                                        .pack_a_transposed = pack_a_transposed,
                                        .pack_b_transposed = pack_b_transposed,
                                        .gemm = gemm};

}  // namespace nrw
