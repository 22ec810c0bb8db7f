#include "optim/optimizer.h"

#include "check.h"
#include "optim/optimizer_type.h"

using namespace nrw;

namespace {

// One weight through `steps` updates with the same gradient.
struct One {
  float w = 0, s1 = 0, s2 = 0;
  void update(const OptimizerSettings& settings, double learning_rate, float g, double t) {
    const OptimizerStep step = optimizer_step(settings, learning_rate, t);
    kernels().update(1, step, &g, &w, step.moments() > 0 ? &s1 : nullptr, step.moments() > 1 ? &s2 : nullptr);
  }
};

}  // namespace

TEST(sgd_by_hand) {
  OptimizerSettings s{.kind = OptimizerKind::kSgd};
  One plain{.w = 5};
  plain.update(s, 1, 2, 1);
  CHECK_CLOSE(plain.w, 3, 0);
  s.weight_decay = 0.5;
  One decayed{.w = 4};
  decayed.update(s, 1, 1, 1);  // 4 - (1 + 0.5 * 4)
  CHECK_CLOSE(decayed.w, 1, 0);
  s = {.kind = OptimizerKind::kSgd, .momentum = 0.5};
  One heavy;
  heavy.update(s, 1, 1, 1);  // buffer 1
  heavy.update(s, 1, 1, 2);  // buffer 1.5
  CHECK_CLOSE(heavy.w, -2.5, 0);
  CHECK_CLOSE(heavy.s1, 1.5, 0);
  s.nesterov = true;
  One nesterov;
  nesterov.update(s, 1, 1, 1);  // 1 + 0.5 * 1
  nesterov.update(s, 1, 1, 2);  // 1 + 0.5 * 1.5
  CHECK_CLOSE(nesterov.w, -1.5 - 1.75, 0);
}

TEST(adam_by_hand) {
  // Betas of 0 and no eps: a step of the sign of the gradient.
  OptimizerSettings s{.kind = OptimizerKind::kAdam, .beta1 = 0, .beta2 = 0, .eps = 0};
  One sign;
  sign.update(s, 1, -7, 1);
  CHECK_CLOSE(sign.w, 1, 1e-6);
  // The first step is of length 1 / (1 + eps / |g|) with any betas, as both moments are corrected.
  s = {.kind = OptimizerKind::kAdam, .eps = 1};
  One first;
  first.update(s, 0.5, 3, 1);
  CHECK_CLOSE(first.w, -0.5 * 3 / (3 + 1), 1e-6);
  // Two steps, worked out: m = 0.1 g then 0.19 g, corrected by 0.1 and 0.19; v likewise: again g / (|g| + eps).
  first.update(s, 0.5, 3, 2);
  CHECK_CLOSE(first.w, -2 * 0.375, 1e-6);
  CHECK_CLOSE(first.s1, 0.19 * 3, 1e-6);
  CHECK_CLOSE(first.s2, (1 - 0.999 * 0.999) * 9, 1e-6);
  // Adam's decay goes into the gradient, AdamW's beside it.
  s = {.kind = OptimizerKind::kAdam, .weight_decay = 0.5, .beta1 = 0, .beta2 = 0, .eps = 0};
  One coupled{.w = 2};
  coupled.update(s, 0.25, 0, 1);
  CHECK_CLOSE(coupled.w, 1.75, 1e-6);
  s = {.kind = OptimizerKind::kAdamW, .weight_decay = 0.5, .beta1 = 0, .beta2 = 0, .eps = 1};
  One decoupled{.w = 2};
  decoupled.update(s, 0.25, 1, 1);
  CHECK_CLOSE(decoupled.w, 2 * (1 - 0.25 * 0.5) - 0.25 / 2, 1e-6);
}

TEST(rmsprop_by_hand) {
  OptimizerSettings s{.kind = OptimizerKind::kRmsprop, .beta2 = 0.75, .eps = 1};
  One plain;
  plain.update(s, 1, 2, 1);  // square average 1
  CHECK_CLOSE(plain.w, -2.0 / (1 + 1), 1e-6);
  s.momentum = 0.5;
  One heavy;
  heavy.update(s, 1, 2, 1);
  heavy.update(s, 1, 0, 2);  // the buffer goes on by half
  CHECK_CLOSE(heavy.w, -1.5, 1e-6);
  CHECK(optimizer_step(s, 1, 1).moments() == 2);
}

TEST(clipping_by_norm) {
  CHECK_CLOSE(clip_scale(0, 1e9), 1, 0);
  CHECK_CLOSE(clip_scale(2, 1), 1, 0);
  CHECK_CLOSE(clip_scale(2, 8), 2 / (8 + 1e-6), 0);
  const OptimizerSettings s{.kind = OptimizerKind::kSgd};
  OptimizerStep step = optimizer_step(s, 1, 1);
  step.gradient_scale = 0.25f;
  float w = 0;
  const float g = 8;
  kernels().update(1, step, &g, &w, nullptr, nullptr);
  CHECK_CLOSE(w, -2, 0);
}

TEST(optimizer_settings_are_checked) {
  const OptimizerSettings good;
  validate(good);
  OptimizerSettings s = good;
  s.weight_decay = -1;
  CHECK_THROWS(validate(s), NRW_INVALID_ARGUMENT);
  s = good;
  s.beta2 = 1;
  CHECK_THROWS(validate(s), NRW_INVALID_ARGUMENT);
  s = good;
  s.eps = std::nan("");
  CHECK_THROWS(validate(s), NRW_INVALID_ARGUMENT);
  s = {.kind = OptimizerKind::kSgd, .nesterov = true};
  CHECK_THROWS(validate(s), NRW_INVALID_ARGUMENT);
}

TEST(optimizer_state_names) {
  CHECK(state_names({.kind = OptimizerKind::kSgd}).empty());
  CHECK(std::string(state_names({.kind = OptimizerKind::kSgd, .momentum = 0.9}).at(0)) == "momentum_buffer");
  for (const auto kind : {OptimizerKind::kAdam, OptimizerKind::kAdamW, OptimizerKind::kRmsprop}) {
    for (const double momentum : {0.0, 0.9}) {
      const OptimizerSettings s{.kind = kind, .momentum = momentum};
      CHECK(static_cast<int>(state_names(s).size()) == optimizer_step(s, 1, 1).moments());
    }
  }
}

TEST(adagrad_by_hand) {
  OptimizerSettings s =
      optimizer_settings(Json::parse(R"({"name": "adagrad", "learning_rate_decay": 1, "eps": 1e-10})"));
  CHECK(s.rests && state_names(s) == std::vector<const char*>{"sum"});
  One one{.w = 2};
  one.update(s, 0.5, 3, 1);  // a first step of the rate, in the direction of the gradient
  CHECK_CLOSE(one.w, 1.5, 1e-6);
  one.update(s, 0.5, 4, 2);  // the rate halved by its decay; 4 / sqrt(9 + 16)
  CHECK_CLOSE(one.w, 1.5 - 0.25 * 4 / 5, 1e-6);
  CHECK_CLOSE(one.s1, 25, 0);
  s = optimizer_settings(Json::parse(R"({"name": "adagrad", "weight_decay": 0.5})"));
  CHECK(!s.rests);
  One decayed{.w = 2};
  decayed.update(s, 0.5, 0, 1);  // the gradient is that of the decay
  CHECK_CLOSE(decayed.w, 1.5, 1e-6);
}
