// Sums of vectors. Lanes and accumulators are added in a fixed order, which depends only on n.
#pragma once

#include "kernels/simd/vec.h"

namespace nrw {
namespace {

void axpy(size_t n, float a, const float* x, float* y) noexcept {
  const Vec a_all = splat(a);
  each_vector(n, [=](auto at) { at.store(y, fma(a_all, at.load(x), at.load(y))); });
}

void add(size_t n, const float* x, float* y) noexcept {
  each_vector(n, [=](auto at) { at.store(y, at.load(y) + at.load(x)); });
}

float dot(size_t n, const float* x, const float* y) noexcept {
  constexpr size_t kSums = 4;  // enough independent sums to hide the latency of a fused multiply-add
  Vec sum[kSums] = {};
  size_t i = 0;
  for (; i + kSums * kLanes <= n; i += kSums * kLanes) {
#pragma GCC unroll 4
    for (size_t s = 0; s < kSums; ++s) sum[s] = fma(load(x + i + s * kLanes), load(y + i + s * kLanes), sum[s]);
  }
  each_vector(n - i, [&, i](auto at) { sum[0] = fma(at.load(x + i), at.load(y + i), sum[0]); });
  const Vec total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  float result = 0;
  for (size_t lane = 0; lane < kLanes; ++lane) result += total[lane];
  return result;
}

double sum_squares(size_t n, const float* x) noexcept {
  typedef float Half __attribute__((vector_size(sizeof(Vec) / 2), aligned(alignof(float)), may_alias));
  typedef double Doubles __attribute__((vector_size(sizeof(Vec))));
  constexpr size_t kSums = 4, kHalf = kLanes / 2;
  Doubles sum[kSums] = {};
  size_t i = 0;
  for (; i + kSums * kHalf <= n; i += kSums * kHalf) {
#pragma GCC unroll 4
    for (size_t s = 0; s < kSums; ++s) {
      const Doubles value = __builtin_convertvector(*reinterpret_cast<const Half*>(x + i + s * kHalf), Doubles);
      sum[s] += value * value;
    }
  }
  const Doubles total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  double result = 0;
  for (size_t lane = 0; lane < kHalf; ++lane) result += total[lane];
  for (; i < n; ++i) result += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return result;
}

}  // namespace
}  // namespace nrw
