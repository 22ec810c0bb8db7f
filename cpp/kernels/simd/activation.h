// Activations and their derivatives. What happens at kinks and infinities: ref/activation.cpp.
#pragma once

#include "kernels/kernels.h"
#include "kernels/simd/math.h"

namespace nrw {
namespace {

// z = e^-|x| serves both sides: sigmoid(|x|) = 1 / (1 + z), sigmoid(-|x|) = z / (1 + z), each to full precision.
NRW_INLINE Vec sigmoid(Vec x) noexcept {
  const Vec z = exp_of_negative(-absolute(x));
  return (x < 0.0f ? z : splat(1.0f)) / (1.0f + z);
}
NRW_INLINE Vec sigmoid_slope(Vec x) noexcept {
  const Vec z = exp_of_negative(-absolute(x)), d = 1.0f + z;
  return z / (d * d);
}

NRW_INLINE Vec silu(Vec x) noexcept { return at_least(x, -200.0f) * sigmoid(x); }
NRW_INLINE Vec silu_slope(Vec x) noexcept {
  const Vec z = exp_of_negative(-absolute(x)), large = 1.0f / (1.0f + z), small = z * large;
  const Vec s = x < 0.0f ? small : large, rest = x < 0.0f ? large : small;  // sigmoid(x), sigmoid(-x)
  return fma(s * at_least(at_most(x, 200.0f), -200.0f), rest, s);
}

NRW_INLINE Vec tanh(Vec x) noexcept {
  const Vec e = expm1_of_negative(-2.0f * absolute(x));
  return with_sign_of(x, -e / (2.0f + e));
}
NRW_INLINE Vec tanh_slope(Vec x) noexcept {
  const Vec z = exp_of_negative(-2.0f * absolute(x)), d = 1.0f + z;
  return 4.0f * z / (d * d);
}

NRW_INLINE Vec gelu(Vec x) noexcept {
  const Vec t = at_most(absolute(x), kTailEnd), tail = normal_tail(t).tail;
  return x < 0.0f ? -t * tail : x * (1.0f - tail);
}
NRW_INLINE Vec gelu_slope(Vec x) noexcept {
  const Vec t = at_most(absolute(x), kTailEnd);
  const NormalTail normal = normal_tail(t);
  const Vec t_density = t * (0.39894228f * normal.bell);
  return x < 0.0f ? normal.tail - t_density : 1.0f - normal.tail + t_density;
}

template <class Function>
NRW_INLINE void map(size_t n, const float* x, float* y, Function function) noexcept {
  each_vector(n, [=](auto at) { at.store(y, function(at.load(x))); });
}

void activate(Activation kind, size_t n, const float* x, float p, float* y) noexcept {
  switch (kind) {
    case Activation::kRelu:
      return map(n, x, y, [](Vec v) { return v <= 0.0f ? Vec{} : v; });
    case Activation::kLeakyRelu:
      return map(n, x, y, [p](Vec v) { return v > 0.0f ? v : v * p; });
    case Activation::kElu:
      return map(n, x, y, [p](Vec v) { return v < 0.0f ? p * expm1_of_negative(v) : v; });
    case Activation::kGelu:
      return map(n, x, y, [](Vec v) { return gelu(v); });
    case Activation::kSilu:
      return map(n, x, y, [](Vec v) { return silu(v); });
    case Activation::kTanh:
      return map(n, x, y, [](Vec v) { return tanh(v); });
    case Activation::kSigmoid:
      return map(n, x, y, [](Vec v) { return sigmoid(v); });
  }
}

template <class Slope>
NRW_INLINE void chain(size_t n, const float* x, const float* d_y, float* d_x, Slope slope) noexcept {
  each_vector(n, [=](auto at) { at.store(d_x, at.load(d_y) * slope(at.load(x))); });
}

void activate_backward(Activation kind, size_t n, const float* x, const float* d_y, float p, float* d_x) noexcept {
  switch (kind) {
    case Activation::kRelu:
      return chain(n, x, d_y, d_x, [](Vec v) { return v <= 0.0f ? Vec{} : splat(1.0f); });
    case Activation::kLeakyRelu:
      return chain(n, x, d_y, d_x, [p](Vec v) { return v > 0.0f ? splat(1.0f) : splat(p); });
    case Activation::kElu:
      return chain(n, x, d_y, d_x, [p](Vec v) { return v <= 0.0f ? p * exp_of_negative(v) : splat(1.0f); });
    case Activation::kGelu:
      return chain(n, x, d_y, d_x, [](Vec v) { return gelu_slope(v); });
    case Activation::kSilu:
      return chain(n, x, d_y, d_x, [](Vec v) { return silu_slope(v); });
    case Activation::kTanh:
      return chain(n, x, d_y, d_x, [](Vec v) { return tanh_slope(v); });
    case Activation::kSigmoid:
      return chain(n, x, d_y, d_x, [](Vec v) { return sigmoid_slope(v); });
  }
}

}  // namespace
}  // namespace nrw
