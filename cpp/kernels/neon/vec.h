// The vector type of NEON on 64-bit ARM. simd/vec.h says what is built on it.
#pragma once

#include <arm_neon.h>

#include <cstddef>

#include "kernels/simd/inline.h"

namespace nrw {
namespace {

using Vec = float32x4_t;
// Registers of the product: 6 rows x 4 vectors = 24 of 32 hold sums, 4 hold B, 1 holds A.
constexpr int kMicroRows = 6, kMicroVectors = 4;

NRW_INLINE Vec fma(Vec a, Vec b, Vec c) noexcept { return vfmaq_f32(c, a, b); }  // a b + c
NRW_INLINE Vec add_product(Vec a, Vec b, Vec sum) noexcept { return vfmaq_f32(sum, a, b); }
NRW_INLINE Vec add_product_of(const float* a, Vec b, Vec sum) noexcept {  // of one value for all lanes
  return add_product(vdupq_n_f32(*a), b, sum);
}
NRW_INLINE Vec sqrt(Vec a) noexcept { return vsqrtq_f32(a); }

// Loads and stores of the first `count` <= kLanes elements. The other lanes are 0, and their memory is not touched.
NRW_INLINE Vec load_first(const float* p, size_t count) noexcept {
  float lane[4] = {};
  for (size_t i = 0; i < 4; ++i) {
    if (i < count) lane[i] = p[i];
  }
  return vld1q_f32(lane);
}
NRW_INLINE void store_first(float* p, size_t count, Vec a) noexcept {
  float lane[4];
  vst1q_f32(lane, a);
  for (size_t i = 0; i < 4; ++i) {
    if (i < count) p[i] = lane[i];
  }
}

}  // namespace
}  // namespace nrw
