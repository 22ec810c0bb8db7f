#include <immintrin.h>

#include "kernels/sparse/tables.h"
#include "kernels/sparse/vector.h"

namespace nrw {

namespace {

struct Avx512 {
  static constexpr size_t kLanes = 16;
  using Register = __m512;
  struct Wide {
    __m512d low = _mm512_setzero_pd(), high = _mm512_setzero_pd();
  };
  static __mmask16 mask(size_t count) noexcept { return static_cast<__mmask16>((1u << count) - 1); }
  static Register zero() noexcept { return _mm512_setzero_ps(); }
  static Register set1(float value) noexcept { return _mm512_set1_ps(value); }
  static Register load(const float* p) noexcept { return _mm512_loadu_ps(p); }
  static Register load(const float* p, size_t count) noexcept { return _mm512_maskz_loadu_ps(mask(count), p); }
  static void store(float* p, Register v) noexcept { _mm512_storeu_ps(p, v); }
  static void store(float* p, Register v, size_t count) noexcept { _mm512_mask_storeu_ps(p, mask(count), v); }
  static Register add(Register a, Register b) noexcept { return _mm512_add_ps(a, b); }
  static Register mul(Register a, Register b) noexcept { return _mm512_mul_ps(a, b); }
  static Register div(Register a, Register b) noexcept { return _mm512_div_ps(a, b); }
  static Register sqrt(Register v) noexcept { return _mm512_maskz_sqrt_ps(0xffff, v); }
  static Register fma(Register a, Register b, Register c) noexcept { return _mm512_fmadd_ps(a, b, c); }
  // Masked: the plain forms make g++ 12 warn of its own header.
  template <int kHalf>
  static __m512d half(Register v) noexcept {
    return _mm512_maskz_cvtps_pd(0xff, _mm512_maskz_extractf32x8_ps(0xff, v, kHalf));
  }
  static void add_products(Register a, Register b, Wide& sum) noexcept {
    sum.low = _mm512_fmadd_pd(half<0>(a), half<0>(b), sum.low);
    sum.high = _mm512_fmadd_pd(half<1>(a), half<1>(b), sum.high);
  }
  static void add(const Wide& v, Wide& sum) noexcept {
    sum.low = _mm512_add_pd(sum.low, v.low);
    sum.high = _mm512_add_pd(sum.high, v.high);
  }
  static void add_wide(Register v, Wide& sum) noexcept {
    sum.low = _mm512_add_pd(sum.low, half<0>(v));
    sum.high = _mm512_add_pd(sum.high, half<1>(v));
  }
  static double sum(const Wide& v) noexcept {
    alignas(64) double lanes[8];
    _mm512_store_pd(lanes, _mm512_add_pd(v.low, v.high));
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  }
};

}  // namespace

const SparseKernels kAvx512SparseKernels = {.name = "avx512",
                                            .gather = vector_sparse::gather<Avx512>,
                                            .residual = vector_sparse::residual<Avx512>,
                                            .dot = vector_sparse::dot<Avx512>,
                                            .dots = vector_sparse::dots<Avx512>,
                                            .catch_up = vector_sparse::catch_up<Avx512>};

}  // namespace nrw
