#include <cstddef>

#include "kernels/f64/f64.h"
#include "kernels/simd/inline.h"

namespace nrw {
namespace {

struct V {
  static constexpr size_t kLanes = 1;
  double x;
  static V zero() noexcept { return {0}; }
  static V load(const double* p) noexcept { return {*p}; }
  static void store(double* p, V v) noexcept { *p = v.x; }
  static V broadcast(double x) noexcept { return {x}; }
  static V fma(V a, V b, V c) noexcept { return {a.x * b.x + c.x}; }
  static V add_product(V a, V b, V sum) noexcept { return fma(a, b, sum); }
  static V add(V a, V b) noexcept { return {a.x + b.x}; }
  static V sub(V a, V b) noexcept { return {a.x - b.x}; }
};
constexpr size_t kRows = 4, kVectors = 4;

#include "kernels/f64/f64_impl.h"

}  // namespace

const DoubleKernels double_kernels_plain{"plain", pack, gemm, dot};

}  // namespace nrw
