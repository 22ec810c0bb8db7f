#include "optim/adagrad.h"

#include <cmath>

namespace nrw {

namespace {

constexpr Field eps() {
  Field field = kEps;
  field.fallback = "1e-10";
  return field;
}

constexpr Field kFields[] = {kWeightDecay,
                             {.name = "learning_rate_decay",
                              .type = Field::Type::kNumber,
                              .about = "by step t the rate is divided by 1 + (t - 1) times this",
                              .fallback = "0",
                              .minimum = 0,
                              .maximum = 1},
                             eps()};

// With g' = scale g + weight_decay w: sum += g'^2, w -= rate / (1 + (t - 1) decay) g' / (sqrt(sum) + eps). s1: the sum.
void update(size_t n, const OptimizerStep& step, const float* g, float* w, float* s1, float*) noexcept {
  const double decay = step.values[0];
  const float rate = static_cast<float>(double{step.learning_rate} / (1 + (step.step - 1) * decay));
  for (size_t i = 0; i < n; ++i) {
    const float gradient = (g == nullptr ? 0 : g[i] * step.gradient_scale) + step.weight_decay * w[i];
    s1[i] += gradient * gradient;
    w[i] -= rate * gradient / (std::sqrt(s1[i]) + step.eps);
  }
}

OptimizerSettings settings(const Settings& given) {
  const double weight_decay = given.number("weight_decay");
  return {.kind = OptimizerKind::kRule,
          .weight_decay = weight_decay,
          .eps = given.number("eps"),
          .rule = update,
          .states = {"sum"},
          .rests = weight_decay == 0,
          .values = {given.number("learning_rate_decay")}};
}

}  // namespace

const OptimizerType adagrad_type = {"adagrad", "the gradient, divided by the root of the sum of all its squares so far",
                                    kFields, settings};

}  // namespace nrw
