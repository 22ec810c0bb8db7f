// The vector type of AVX2 with FMA. simd/vec.h says what is built on it.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/simd/inline.h"

namespace nrw {
namespace {

using Vec = __m256;
// Registers of the product: 6 rows x 2 vectors = 12 of 16 hold sums, 2 hold B, 1 holds A.
constexpr int kMicroRows = 6, kMicroVectors = 2;

NRW_INLINE Vec fma(Vec a, Vec b, Vec c) noexcept { return _mm256_fmadd_ps(a, b, c); }  // a b + c
// The same, as the instruction that adds to `sum` in place. In unrolled loops compilers choose another form, which
// needs moves between registers.
NRW_INLINE Vec add_product(Vec a, Vec b, Vec sum) noexcept {
  asm("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
  return sum;
}
NRW_INLINE Vec add_product_of(const float* a, Vec b, Vec sum) noexcept {  // of one value for all lanes
  return add_product(_mm256_broadcast_ss(a), b, sum);
}
NRW_INLINE Vec sqrt(Vec a) noexcept { return _mm256_sqrt_ps(a); }

// Loads and stores of the first `count` <= kLanes elements. The other lanes are 0, and their memory is not touched.
NRW_INLINE __m256i first(size_t count) noexcept {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(count)), lane);
}
NRW_INLINE Vec load_first(const float* p, size_t count) noexcept { return _mm256_maskload_ps(p, first(count)); }
NRW_INLINE void store_first(float* p, size_t count, Vec a) noexcept { _mm256_maskstore_ps(p, first(count), a); }

}  // namespace
}  // namespace nrw
