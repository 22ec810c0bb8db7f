// The vector of AVX2 with FMA: see simd/vec.h for what is built on it.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/simd/inline.h"

namespace nrw {
namespace {

using Vec = __m256;
// The product's accumulators: 6 rows x 2 vectors = 12 of 16 registers, 2 for B, 1 for A.
constexpr int kMicroRows = 6, kMicroVectors = 2;

NRW_INLINE Vec fma(Vec a, Vec b, Vec c) noexcept { return _mm256_fmadd_ps(a, b, c); }  // a b + c
// The same as an instruction that adds to `sum` in its own register: compilers choose others in unrolled loops, and
// move.
NRW_INLINE Vec add_product(Vec a, Vec b, Vec sum) noexcept {
  asm("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
  return sum;
}
NRW_INLINE Vec sqrt(Vec a) noexcept { return _mm256_sqrt_ps(a); }

// The first `count` <= kLanes elements; the other lanes read as 0 and are not touched in memory.
NRW_INLINE __m256i first(size_t count) noexcept {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(count)), lane);
}
NRW_INLINE Vec load_first(const float* p, size_t count) noexcept { return _mm256_maskload_ps(p, first(count)); }
NRW_INLINE void store_first(float* p, size_t count, Vec a) noexcept { _mm256_maskstore_ps(p, first(count), a); }

}  // namespace
}  // namespace nrw
