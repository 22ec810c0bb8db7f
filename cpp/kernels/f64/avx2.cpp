#include <immintrin.h>

#include <cstddef>

#include "kernels/f64/f64.h"
#include "kernels/simd/inline.h"

namespace nrw {
namespace {

struct V {
  static constexpr size_t kLanes = 4;
  __m256d x;
  static V zero() noexcept { return {_mm256_setzero_pd()}; }
  static V load(const double* p) noexcept { return {_mm256_loadu_pd(p)}; }
  static void store(double* p, V v) noexcept { _mm256_storeu_pd(p, v.x); }
  static V broadcast(double x) noexcept { return {_mm256_set1_pd(x)}; }
  static V fma(V a, V b, V c) noexcept { return {_mm256_fmadd_pd(a.x, b.x, c.x)}; }
  static V add_product(V a, V b, V sum) noexcept {  // see kernels/avx2/vec.h
    asm("vfmadd231pd %2, %1, %0" : "+x"(sum.x) : "x"(a.x), "x"(b.x));
    return sum;
  }
  static V add(V a, V b) noexcept { return {_mm256_add_pd(a.x, b.x)}; }
  static V sub(V a, V b) noexcept { return {_mm256_sub_pd(a.x, b.x)}; }
};
constexpr size_t kRows = 6, kVectors = 2;  // 12 of 16 registers hold sums

#include "kernels/f64/f64_impl.h"

}  // namespace

const DoubleKernels double_kernels_avx2{"avx2", pack, gemm, dot};

}  // namespace nrw
