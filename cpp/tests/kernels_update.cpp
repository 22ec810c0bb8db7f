#include <cmath>

#include "kernels_common.h"

using namespace nrw;
using namespace nrw::check;

namespace {

OptimizerStep of_kind(OptimizerKind kind) {
  OptimizerStep step;
  step.kind = kind;
  step.learning_rate = 1;
  step.beta1 = step.beta2 = 0;
  step.eps = 0;
  return step;
}

// One update of one weight, so that the answer can be worked out by hand.
struct One {
  float w, s1, s2;
};
One updated(const Kernels& table, const OptimizerStep& step, float g, One one) {
  table.update(1, step, &g, &one.w, &one.s1, &one.s2);
  return one;
}

std::vector<OptimizerStep> every_setting() {
  std::vector<OptimizerStep> steps;
  for (OptimizerKind kind :
       {OptimizerKind::kSgd, OptimizerKind::kAdam, OptimizerKind::kAdamW, OptimizerKind::kRmsprop}) {
    for (float momentum : {0.0f, 0.9f}) {
      for (float weight_decay : {0.0f, 0.1f}) {
        OptimizerStep step;
        step.kind = kind;
        step.learning_rate = 0.01f;
        step.momentum = momentum;
        step.nesterov = momentum != 0 && weight_decay != 0;
        step.weight_decay = weight_decay;
        step.gradient_scale = 0.5f;
        step.bias_correction1 = 0.271f;
        step.bias_correction2_sqrt = 0.0547f;
        steps.push_back(step);
      }
    }
  }
  return steps;
}

}  // namespace

TEST(sgd_by_hand) {
  each_table([](const Kernels& table) {
    OptimizerStep step = of_kind(OptimizerKind::kSgd);
    CHECK_CLOSE(updated(table, step, 3, {10, 0, 0}).w, 7, 0);
    step.gradient_scale = 0.5f;
    CHECK_CLOSE(updated(table, step, 3, {10, 0, 0}).w, 8.5, 0);
    step.weight_decay = 0.25f;  // g = 1.5 + 2.5
    CHECK_CLOSE(updated(table, step, 3, {10, 0, 0}).w, 6, 0);
    step.momentum = 0.5f;  // buffer = 4, then 0.5 * 4 + (1.5 + 0.25 * 6)
    One one = updated(table, step, 3, {10, 0, 0});
    CHECK_CLOSE(one.s1, 4, 0);
    CHECK_CLOSE(one.w, 6, 0);
    one = updated(table, step, 3, one);
    CHECK_CLOSE(one.s1, 5, 0);
    CHECK_CLOSE(one.w, 1, 0);
    step.nesterov = true;  // buffer = 0.5 * 2 + 4, then 4 + 0.5 * 5
    CHECK_CLOSE(updated(table, step, 3, {10, 2, 0}).w, 3.5, 0);
  });
}

TEST(adam_by_hand) {
  each_table([](const Kernels& table) {
    for (OptimizerKind kind : {OptimizerKind::kAdam, OptimizerKind::kAdamW}) {
      OptimizerStep step = of_kind(kind);  // betas 0: the sign of the gradient
      const One one = updated(table, step, -3, {10, 99, 99});
      CHECK_CLOSE(one.s1, -3, 0);
      CHECK_CLOSE(one.s2, 9, 0);
      CHECK_CLOSE(one.w, 11, 0);
    }
    OptimizerStep step = of_kind(OptimizerKind::kAdam);
    step.beta1 = 0.5;   // m = 0.5 * 4 + 0.5 * 2 = 3
    step.beta2 = 0.75;  // v = 0.75 * 4 + 0.25 * 4 = 4
    step.bias_correction1 = 0.5f;
    step.bias_correction2_sqrt = 0.5f;
    step.eps = 2;  // w = 10 - 1 / 0.5 * 3 / (2 / 0.5 + 2)
    const One one = updated(table, step, 2, {10, 4, 4});
    CHECK_CLOSE(one.s1, 3, 0);
    CHECK_CLOSE(one.s2, 4, 0);
    CHECK_CLOSE(one.w, 9, 1e-6);
    step.weight_decay = 0.2f;  // g = 2 + 0.2 * 10 = 4: m = 4, v = 7
    CHECK_CLOSE(updated(table, step, 2, {10, 4, 4}).w, 10 - 2 * 4 / (2 * std::sqrt(7.0) + 2), 1e-6);
    step.kind = OptimizerKind::kAdamW;  // w = 10 * (1 - 0.2) - 1
    CHECK_CLOSE(updated(table, step, 2, {10, 4, 4}).w, 7, 1e-6);
    step.beta2 = 0.999;  // 1 - beta2 is worked out in double
    CHECK_CLOSE(updated(table, step, 1, {0, 0, 0}).s2, 0.001, 1e-10);
  });
}

TEST(rmsprop_by_hand) {
  each_table([](const Kernels& table) {
    OptimizerStep step = of_kind(OptimizerKind::kRmsprop);
    step.beta2 = 0.75;  // v = 0.75 * 4 + 0.25 * 4 = 4
    step.eps = 1;       // 2 / (2 + 1)
    One one = updated(table, step, 2, {10, 4, 0});
    CHECK_CLOSE(one.s1, 4, 0);
    CHECK_CLOSE(one.w, 10 - 2.0 / 3, 1e-6);
    step.momentum = 0.5f;  // buffer = 0.5 * 6 + 2 / 3
    one = updated(table, step, 2, {10, 4, 6});
    CHECK_CLOSE(one.s2, 3 + 2.0 / 3, 1e-6);
    CHECK_CLOSE(one.w, 7 - 2.0 / 3, 1e-6);
    step.weight_decay = 0.2f;  // g = 4: v = 7
    CHECK_CLOSE(updated(table, step, 2, {10, 4, 6}).w, 7 - 4 / (std::sqrt(7.0) + 1), 1e-6);
  });
}

TEST(updates_of_every_length_match_one_by_one_and_plain) {
  size_t count = 0;
  const Kernels& plain = *available_kernels(&count)[count - 1];
  for (const OptimizerStep& step : every_setting()) {
    const int moments = step.moments();
    each_table([&](const Kernels& table) {
      for (size_t n : kLengths) {
        Guarded g(n, 1, 1), w(n, 2, 3), s1(n, 3), s2(n, 4, 1), w1(n, 2), s11(n, 3), s21(n, 4), w_plain(n, 2),
            s1_plain(n, 3), s2_plain(n, 4);
        for (size_t i = 0; i < n; ++i) {  // squares are not negative
          for (Guarded* state : {&s1, &s11, &s1_plain, &s2, &s21, &s2_plain}) (*state)[i] = std::fabs((*state)[i]);
        }
        const auto first = [&](Guarded& state, size_t i) { return moments >= 1 ? state.data() + i : nullptr; };
        const auto second = [&](Guarded& state, size_t i) { return moments >= 2 ? state.data() + i : nullptr; };
        table.update(n, step, g.data(), w.data(), first(s1, 0), second(s2, 0));
        plain.update(n, step, g.data(), w_plain.data(), first(s1_plain, 0), second(s2_plain, 0));
        for (size_t i = 0; i < n; ++i) {
          table.update(1, step, g.data() + i, w1.data() + i, first(s11, i), second(s21, i));
          CHECK_CLOSE(w[i], w_plain[i], 1e-6 * (1 + std::fabs(w_plain[i])));
          CHECK_CLOSE(s1[i], s1_plain[i], 1e-6 * (1 + std::fabs(s1_plain[i])));
          CHECK_CLOSE(s2[i], s2_plain[i], 1e-6 * (1 + std::fabs(s2_plain[i])));
        }
        CHECK_TABLE(table, same_bits(w.data(), w1.data(), n) && same_bits(s1.data(), s11.data(), n) &&
                               same_bits(s2.data(), s21.data(), n));
        CHECK_TABLE(table, w.margins_kept() && s1.margins_kept() && s2.margins_kept());
      }
    });
  }
}

TEST(no_gradient_is_a_gradient_of_zero) {
  const std::vector<float> zeros(37, 0.0f);
  for (const OptimizerStep& step : every_setting()) {
    const int moments = step.moments();
    each_table([&](const Kernels& table) {
      Guarded w(37, 1), s1(37, 2), s2(37, 3), w0(37, 1), s10(37, 2), s20(37, 3);
      for (size_t i = 0; i < 37; ++i) {
        for (Guarded* state : {&s1, &s10, &s2, &s20}) (*state)[i] = std::fabs((*state)[i]);
      }
      table.update(37, step, nullptr, w.data(), moments >= 1 ? s1.data() : nullptr, moments >= 2 ? s2.data() : nullptr);
      table.update(37, step, zeros.data(), w0.data(), moments >= 1 ? s10.data() : nullptr,
                   moments >= 2 ? s20.data() : nullptr);
      CHECK_TABLE(table, same_bits(w.data(), w0.data(), 37) && same_bits(s1.data(), s10.data(), 37) &&
                             same_bits(s2.data(), s20.data(), 37));
    });
  }
}
