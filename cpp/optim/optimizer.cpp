#include "optim/optimizer.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/status.h"

namespace nrw {

void validate(const OptimizerSettings& s) {
  const auto require = [](bool good, const char* name, const char* rule, double value) {
    if (!good) throw Error(NRW_INVALID_ARGUMENT, format("optimizer: %s must be %s, got %g", name, rule, value));
  };
  const auto at_least_0 = [](double value) { return std::isfinite(value) && value >= 0; };
  const auto share = [](double value) { return value >= 0 && value < 1; };
  const bool adam = s.kind == OptimizerKind::kAdam || s.kind == OptimizerKind::kAdamW;
  require(at_least_0(s.weight_decay), "weight_decay", "at least 0", s.weight_decay);
  require(at_least_0(s.momentum), "momentum", "at least 0", s.momentum);
  require(!s.nesterov || s.momentum > 0, "momentum", "above 0 for nesterov", s.momentum);
  if (adam) require(share(s.beta1), "beta1", "in [0, 1)", s.beta1);
  if (adam) require(share(s.beta2), "beta2", "in [0, 1)", s.beta2);
  if (s.kind == OptimizerKind::kRmsprop) require(share(s.beta2), "alpha", "in [0, 1)", s.beta2);
  require(at_least_0(s.eps), "eps", "at least 0", s.eps);
  require(at_least_0(s.gradient_clip), "gradient_clip", "at least 0", s.gradient_clip);
}

OptimizerStep optimizer_step(const OptimizerSettings& s, double learning_rate, double t) {
  OptimizerStep step;
  step.kind = s.kind;
  step.learning_rate = static_cast<float>(learning_rate);
  step.weight_decay = static_cast<float>(s.weight_decay);
  step.momentum = static_cast<float>(s.momentum);
  step.nesterov = s.nesterov;
  step.beta1 = s.beta1;
  step.beta2 = s.beta2;
  step.eps = static_cast<float>(s.eps);
  step.step = t;
  step.bias_correction1 = static_cast<float>(1 - std::pow(s.beta1, t));
  step.bias_correction2_sqrt = static_cast<float>(std::sqrt(1 - std::pow(s.beta2, t)));
  step.rule = s.rule;
  step.rule_moments = static_cast<int>(s.states.size());
  step.rule_rests = s.rests;
  std::copy_n(s.values, std::size(s.values), step.values);
  return step;
}

double clip_scale(double gradient_clip, double norm) noexcept {
  return gradient_clip > 0 ? std::min(1.0, gradient_clip / (norm + 1e-6)) : 1.0;
}

std::vector<const char*> state_names(const OptimizerSettings& s) {
  switch (s.kind) {
    case OptimizerKind::kSgd:
      return s.momentum != 0 ? std::vector<const char*>{"momentum_buffer"} : std::vector<const char*>{};
    case OptimizerKind::kRmsprop:
      return s.momentum != 0 ? std::vector<const char*>{"square_avg", "momentum_buffer"}
                             : std::vector<const char*>{"square_avg"};
    case OptimizerKind::kRule:
      return s.states;
    case OptimizerKind::kAdam:
    case OptimizerKind::kAdamW:
      break;
  }
  return {"exp_avg", "exp_avg_sq"};
}

}  // namespace nrw
