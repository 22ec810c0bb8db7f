#include <immintrin.h>

#include "kernels/sparse/tables.h"
#include "kernels/sparse/vector.h"

namespace nrw {

namespace {

struct Avx2 {
  static constexpr size_t kLanes = 8;
  using Register = __m256;
  struct Wide {
    __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
  };
  static __m256i mask(size_t count) noexcept {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
  }
  static Register zero() noexcept { return _mm256_setzero_ps(); }
  static Register set1(float value) noexcept { return _mm256_set1_ps(value); }
  static Register load(const float* p) noexcept { return _mm256_loadu_ps(p); }
  static Register load(const float* p, size_t count) noexcept { return _mm256_maskload_ps(p, mask(count)); }
  static void store(float* p, Register v) noexcept { _mm256_storeu_ps(p, v); }
  static void store(float* p, Register v, size_t count) noexcept { _mm256_maskstore_ps(p, mask(count), v); }
  static Register add(Register a, Register b) noexcept { return _mm256_add_ps(a, b); }
  static Register mul(Register a, Register b) noexcept { return _mm256_mul_ps(a, b); }
  static Register div(Register a, Register b) noexcept { return _mm256_div_ps(a, b); }
  static Register sqrt(Register v) noexcept { return _mm256_sqrt_ps(v); }
  static Register fma(Register a, Register b, Register c) noexcept { return _mm256_fmadd_ps(a, b, c); }
  static __m256d low(Register v) noexcept { return _mm256_cvtps_pd(_mm256_castps256_ps128(v)); }
  static __m256d high(Register v) noexcept { return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)); }
  static void add_products(Register a, Register b, Wide& sum) noexcept {
    sum.low = _mm256_fmadd_pd(low(a), low(b), sum.low);
    sum.high = _mm256_fmadd_pd(high(a), high(b), sum.high);
  }
  static void add(const Wide& v, Wide& sum) noexcept {
    sum.low = _mm256_add_pd(sum.low, v.low);
    sum.high = _mm256_add_pd(sum.high, v.high);
  }
  static void add_wide(Register v, Wide& sum) noexcept {
    sum.low = _mm256_add_pd(sum.low, low(v));
    sum.high = _mm256_add_pd(sum.high, high(v));
  }
  static double sum(const Wide& v) noexcept {
    const __m256d four = _mm256_add_pd(v.low, v.high);
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(two) + _mm_cvtsd_f64(_mm_unpackhi_pd(two, two));
  }
};

}  // namespace

const SparseKernels kAvx2SparseKernels = {.name = "avx2",
                                          .gather = vector_sparse::gather<Avx2>,
                                          .residual = vector_sparse::residual<Avx2>,
                                          .dot = vector_sparse::dot<Avx2>,
                                          .dots = vector_sparse::dots<Avx2>,
                                          .catch_up = vector_sparse::catch_up<Avx2>};

}  // namespace nrw
