// The vector type of AVX-512 (F, BW, DQ, VL). simd/vec.h says what is built on it.
#pragma once

#include <immintrin.h>

#include <cstddef>

#include "kernels/simd/inline.h"

namespace nrw {
namespace {

using Vec = __m512;
// Registers of the product: 6 rows x 4 vectors = 24 of 32 hold sums, 4 hold B, 1 holds A.
constexpr int kMicroRows = 6, kMicroVectors = 4;

NRW_INLINE Vec fma(Vec a, Vec b, Vec c) noexcept { return _mm512_fmadd_ps(a, b, c); }  // a b + c
// The same, as the instruction that adds to `sum` in place. In unrolled loops compilers choose another form, which
// needs moves between registers.
NRW_INLINE Vec add_product(Vec a, Vec b, Vec sum) noexcept {
  asm("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
  return sum;
}
// The same of one value for all lanes, which the instruction itself reads: half of the instructions of a block whose
// values are used once.
NRW_INLINE Vec add_product_of(const float* a, Vec b, Vec sum) noexcept {
  asm("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(b), "m"(*a));
  return sum;
}
NRW_INLINE Vec sqrt(Vec a) noexcept {
  return _mm512_maskz_sqrt_ps(0xffff, a);  // _mm512_sqrt_ps warns of an uninitialised value in g++ 12
}

// Loads and stores of the first `count` <= kLanes elements. The other lanes are 0, and their memory is not touched.
NRW_INLINE __mmask16 first(size_t count) noexcept { return static_cast<__mmask16>((1u << count) - 1); }
NRW_INLINE Vec load_first(const float* p, size_t count) noexcept { return _mm512_maskz_loadu_ps(first(count), p); }
NRW_INLINE void store_first(float* p, size_t count, Vec a) noexcept { _mm512_mask_storeu_ps(p, first(count), a); }

}  // namespace
}  // namespace nrw
