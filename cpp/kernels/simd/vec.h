// The operations with which the kernels of every instruction set are written: the compiler's vector type, whose
// operators, comparisons and ternary work lane by lane, and the few operations that each vec.h adds.
//
// All of simd/ is in an anonymous namespace and is included by exactly one .cpp for each instruction set, after its
// vec.h, so that the linker cannot use code compiled for that set in other code. For the same reason nothing here may
// use a template or an inline function of the standard library.
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
// Lane by lane; if a is NaN, the result is NaN.
NRW_INLINE Vec at_most(Vec a, float limit) noexcept { return splat(limit) < a ? splat(limit) : a; }
NRW_INLINE Vec at_least(Vec a, float limit) noexcept { return splat(limit) > a ? splat(limit) : a; }
NRW_INLINE Vec absolute(Vec a) noexcept { return (Vec)((Ints)a & 0x7fffffff); }
NRW_INLINE Vec with_sign_of(Vec sign, Vec magnitude) noexcept {
  return (Vec)(((Ints)sign & ~0x7fffffff) | (Ints)magnitude);
}

// The position of a loop over [0, n): a whole vector at i, or the last `count` < kLanes elements. Both compute the
// same, so the bits of an element do not depend on its position.
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
