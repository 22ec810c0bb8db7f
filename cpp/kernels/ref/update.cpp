// Optimizer updates, PyTorch's formulas (torch/optim/sgd.py, adam.py, adamw.py, rmsprop.py; dampening 0, amsgrad and
// centered off). The momentum buffers start at 0, which gives the same first step as PyTorch's (buffer = g).
#include <cmath>

#include "kernels/ref/plain.h"

namespace nrw::plain {

void update(size_t n, const OptimizerStep& step, const float* g, float* w, float* s1, float* s2) noexcept {
  const float learning_rate = step.learning_rate, weight_decay = step.weight_decay, momentum = step.momentum;
  const float beta1 = static_cast<float>(step.beta1), rest1 = static_cast<float>(1 - step.beta1);
  const float beta2 = static_cast<float>(step.beta2), rest2 = static_cast<float>(1 - step.beta2);
  const float step_size = learning_rate / step.bias_correction1;
  if (step.kind == OptimizerKind::kRule) return step.rule(n, step, g, w, s1, s2);
  for (size_t i = 0; i < n; ++i) {
    float gradient = g == nullptr ? 0 : g[i] * step.gradient_scale;
    if (step.kind == OptimizerKind::kAdamW) {
      w[i] *= 1 - learning_rate * weight_decay;
    } else if (weight_decay != 0) {
      gradient += weight_decay * w[i];
    }
    switch (step.kind) {
      case OptimizerKind::kSgd:
        if (momentum != 0) {
          s1[i] = momentum * s1[i] + gradient;
          gradient = step.nesterov ? gradient + momentum * s1[i] : s1[i];
        }
        w[i] -= learning_rate * gradient;
        break;
      case OptimizerKind::kAdam:
      case OptimizerKind::kAdamW:
        s1[i] = beta1 * s1[i] + rest1 * gradient;
        s2[i] = beta2 * s2[i] + rest2 * gradient * gradient;
        w[i] -= step_size * (s1[i] / (std::sqrt(s2[i]) / step.bias_correction2_sqrt + step.eps));
        break;
      case OptimizerKind::kRmsprop:
        s1[i] = beta2 * s1[i] + rest2 * gradient * gradient;
        gradient /= std::sqrt(s1[i]) + step.eps;
        if (momentum != 0) {
          s2[i] = momentum * s2[i] + gradient;
          gradient = s2[i];
        }
        w[i] -= learning_rate * gradient;
        break;
      case OptimizerKind::kRule:
        break;
    }
  }
}

}  // namespace nrw::plain
