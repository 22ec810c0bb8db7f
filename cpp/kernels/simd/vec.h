// What every instruction set's kernels are written in: the compiler's vector type (operators, comparisons and the
// ternary work lane by lane) plus the few operations that each vec.h adds.
//
// All of simd/ lies in an anonymous namespace and is included by exactly one .cpp an instruction set, after its vec.h,
// so that nothing compiled with that set's flags can be picked by the linker for baseline code. For the same reason
// nothing here may use a template or inline function of the standard library.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nrw {
namespace {

constexpr size_t kLanes = sizeof(Vec) / sizeof(float);

typedef int32_t Ints __attribute__((vector_size(sizeof(Vec))));
typedef float UnalignedVec __attribute__((vector_size(sizeof(Vec)), aligned(alignof(float)), may_alias));

NRW_INLINE Vec load(const float* p) noexcept { return *reinterpret_cast<const UnalignedVec*>(p); }
NRW_INLINE void store(float* p, Vec a) noexcept { *reinterpret_cast<UnalignedVec*>(p) = a; }
NRW_INLINE Vec splat(float a) noexcept { return a - Vec{}; }

NRW_INLINE size_t at_most(size_t a, size_t limit) noexcept { return a < limit ? a : limit; }
// Lane by lane; a NaN in a stays.
NRW_INLINE Vec at_most(Vec a, float limit) noexcept { return splat(limit) < a ? splat(limit) : a; }
NRW_INLINE Vec at_least(Vec a, float limit) noexcept { return splat(limit) > a ? splat(limit) : a; }
NRW_INLINE Vec absolute(Vec a) noexcept { return (Vec)((Ints)a & 0x7fffffff); }
NRW_INLINE Vec with_sign_of(Vec sign, Vec magnitude) noexcept {
  return (Vec)(((Ints)sign & ~0x7fffffff) | (Ints)magnitude);
}

// Where a loop over [0, n) stands: a whole vector at i, or the last `count` < kLanes elements. Both compute the same,
// so an element's bits do not depend on its place.
struct Whole {
  size_t i;
  NRW_INLINE Vec load(const float* p) const noexcept { return nrw::load(p + i); }
  NRW_INLINE void store(float* p, Vec a) const noexcept { nrw::store(p + i, a); }
};
struct Part {
  size_t i, count;
  NRW_INLINE Vec load(const float* p) const noexcept { return load_first(p + i, count); }
  NRW_INLINE void store(float* p, Vec a) const noexcept { store_first(p + i, count, a); }
};

template <class Body>
NRW_INLINE void each_vector(size_t n, Body body) noexcept {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(Whole{i});
  if (i < n) body(Part{i, n - i});
}

}  // namespace
}  // namespace nrw
