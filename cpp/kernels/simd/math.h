// Elementary functions on vectors for the arguments that activations need: those of exp and expm1 are <= 0. Polynomials
// are minimax fits in relative error (Lawson's iteration). kernels_activation.cpp tests the errors of the functions.
#pragma once

#include "kernels/simd/vec.h"

namespace nrw {
namespace {

// x = n ln 2 + r, |r| <= ln 2 / 2; expm1_r = e^r - 1.
struct Reduced {
  Ints n;
  Vec expm1_r;
};

// The argument is x + low, where low is smaller than the last bit of x.
NRW_INLINE Reduced reduce(Vec x, Vec low) noexcept {
  const float round = 0x1.8p23f;  // adding it leaves the nearest integer in the low bits
  const Vec shifted = fma(x, splat(0x1.715476p0f), splat(round));
  const Vec n = shifted - round;
  const Vec r = fma(n, splat(0x1.05c61p-29f), fma(n, splat(-0x1.62e43p-1f), x)) + low;  // ln 2 in two parts
  Vec q = splat(0.00019857807f);
  q = fma(q, r, splat(0.001393363f));
  q = fma(q, r, splat(0.008333361f));
  q = fma(q, r, splat(0.041666467f));
  q = fma(q, r, splat(0.16666667f));
  q = fma(q, r, splat(0.5f));
  return {(Ints)shifted - 0x4b400000, fma(r * r, q, r)};
}

NRW_INLINE Vec power_of_two(Ints n) noexcept { return (Vec)((n + 127) << 23); }

// e^(x + low), x <= 0; below -104 it is 0. Two factors, so that results below 2^-126 are denormal and not 0.
NRW_INLINE Vec exp_of_negative(Vec x, Vec low) noexcept {
  const Reduced reduced = reduce(at_least(x, -104.0f), low);
  const Ints half = reduced.n >> 1;
  return (1.0f + reduced.expm1_r) * power_of_two(half) * power_of_two(reduced.n - half);
}
NRW_INLINE Vec exp_of_negative(Vec x) noexcept { return exp_of_negative(x, Vec{}); }

// e^x - 1, x <= 0; below -20 it is -1.
NRW_INLINE Vec expm1_of_negative(Vec x) noexcept {
  const Reduced reduced = reduce(at_least(x, -20.0f), Vec{});
  const Vec scale = power_of_two(reduced.n);
  return fma(reduced.expm1_r, scale, scale - 1.0f);
}

// The normal distribution's upper tail Phi(-t) and e^(-t^2 / 2), for 0 <= t <= kTailEnd, where both end at 0.
// Phi(-t) = e^(-t^2 / 2) G(y) / (t + 4) with y = (t - 4) / (t + 4) and G smooth: the tail keeps its relative precision,
// which 1 - erf would lose.
constexpr float kTailEnd = 14.5f;
struct NormalTail {
  Vec tail, bell;
};
NRW_INLINE NormalTail normal_tail(Vec t) noexcept {
  const Vec square = t * t;
  const Vec bell = exp_of_negative(-0.5f * square, -0.5f * fma(t, t, -square));
  const Vec sum = t + 4.0f, lost = t - (sum - 4.0f), quotient = 1.0f / sum;
  const Vec u = fma(quotient, fma(-quotient, lost, fma(-quotient, sum, splat(1.0f))), quotient);  // 1 / (t + 4)
  const Vec y = (t - 4.0f) * u;
  Vec g = splat(-0.00013197283f);
  g = fma(g, y, splat(0.0001793523f));
  g = fma(g, y, splat(0.0015699234f));
  g = fma(g, y, splat(-0.0035125527f));
  g = fma(g, y, splat(-0.007525271f));
  g = fma(g, y, splat(0.06040383f));
  g = fma(g, y, splat(-0.18652344f));
  g = fma(g, y, splat(0.3871369f));
  g = fma(g, y, splat(-0.60789657f));
  g = fma(g, y, splat(0.75528514f));
  return {bell * (g * u), bell};
}

}  // namespace
}  // namespace nrw
