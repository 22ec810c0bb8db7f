// Optimizer updates; formulas and their source: ref/update.cpp.
#pragma once

#include "kernels/kernels.h"
#include "kernels/simd/vec.h"

namespace nrw {
namespace {

// g scaled, plus L2 weight decay.
template <class Place>
NRW_INLINE Vec decayed_gradient(Place at, const OptimizerStep& step, const float* g, Vec w) noexcept {
  const Vec gradient = g == nullptr ? Vec{} : at.load(g) * step.gradient_scale;
  return step.weight_decay == 0 ? gradient : fma(splat(step.weight_decay), w, gradient);
}

void update_sgd(size_t n, const OptimizerStep& step, const float* g, float* w, float* velocity) noexcept {
  const Vec momentum = splat(step.momentum), rate = splat(-step.learning_rate);
  each_vector(n, [=, &step](auto at) {
    const Vec weight = at.load(w);
    Vec gradient = decayed_gradient(at, step, g, weight);
    if (step.momentum != 0) {
      const Vec v = fma(momentum, at.load(velocity), gradient);
      at.store(velocity, v);
      gradient = step.nesterov ? fma(momentum, v, gradient) : v;
    }
    at.store(w, fma(rate, gradient, weight));
  });
}

// Adam, and with `decoupled` AdamW.
void update_adam(size_t n, const OptimizerStep& step, bool decoupled, const float* g, float* w, float* mean,
                 float* square) noexcept {
  const Vec beta1 = splat(static_cast<float>(step.beta1)), rest1 = splat(static_cast<float>(1 - step.beta1));
  const Vec beta2 = splat(static_cast<float>(step.beta2)), rest2 = splat(static_cast<float>(1 - step.beta2));
  const Vec correction = splat(1 / step.bias_correction2_sqrt), eps = splat(step.eps);
  const Vec rate = splat(-step.learning_rate / step.bias_correction1);
  const Vec keep = splat(1 - step.learning_rate * step.weight_decay);
  each_vector(n, [=, &step](auto at) {
    Vec weight = at.load(w), gradient;
    if (decoupled) {
      weight *= keep;
      gradient = g == nullptr ? Vec{} : at.load(g) * step.gradient_scale;
    } else {
      gradient = decayed_gradient(at, step, g, weight);
    }
    const Vec m = fma(beta1, at.load(mean), rest1 * gradient);
    const Vec v = fma(beta2, at.load(square), rest2 * gradient * gradient);
    at.store(mean, m);
    at.store(square, v);
    at.store(w, fma(rate, m / fma(sqrt(v), correction, eps), weight));
  });
}

void update_rmsprop(size_t n, const OptimizerStep& step, const float* g, float* w, float* square,
                    float* velocity) noexcept {
  const Vec alpha = splat(static_cast<float>(step.beta2)), rest = splat(static_cast<float>(1 - step.beta2));
  const Vec momentum = splat(step.momentum), rate = splat(-step.learning_rate);
  each_vector(n, [=, &step](auto at) {
    const Vec weight = at.load(w), gradient = decayed_gradient(at, step, g, weight);
    const Vec v = fma(alpha, at.load(square), rest * gradient * gradient);
    at.store(square, v);
    Vec move = gradient / (sqrt(v) + step.eps);
    if (step.momentum != 0) {
      move = fma(momentum, at.load(velocity), move);
      at.store(velocity, move);
    }
    at.store(w, fma(rate, move, weight));
  });
}

void update(size_t n, const OptimizerStep& step, const float* g, float* w, float* s1, float* s2) noexcept {
  switch (step.kind) {
    case OptimizerKind::kSgd:
      return update_sgd(n, step, g, w, s1);
    case OptimizerKind::kAdam:
      return update_adam(n, step, false, g, w, s1, s2);
    case OptimizerKind::kAdamW:
      return update_adam(n, step, true, g, w, s1, s2);
    case OptimizerKind::kRmsprop:
      return update_rmsprop(n, step, g, w, s1, s2);
    case OptimizerKind::kRule:
      return step.rule(n, step, g, w, s1, s2);
  }
}

}  // namespace
}  // namespace nrw
