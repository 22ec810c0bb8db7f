// Rows of the sparse input layer that are left behind and caught up, against the dense update in double.
#include <algorithm>
#include <cstdio>

#include "check.h"
#include "column_oracle.h"

using namespace nrw;
using namespace nrw::oracle;

namespace {

constexpr uint32_t kColumns = 80, kWidth = 37, kRows = 3;
constexpr uint32_t kPeriods[] = {1, 2, 50, 300, 1000};  // columns j with j % 5 == k are touched every kPeriods[k] steps

bool touched(uint32_t column, uint32_t t) {
  const uint32_t period = kPeriods[column % 5];
  return t % period == column % period;
}

SparseBatch batch_at(uint32_t t) {
  SparseBatch batch;
  batch.rows = kRows;
  batch.columns = kColumns;
  batch.row_ptr.reserve(kRows + 1);
  for (auto* buffer : {&batch.column, &batch.touched_col, &batch.touched_ptr, &batch.csc_row}) {
    buffer->reserve(kRows * kColumns + 1);
  }
  batch.target.reserve(kRows * kColumns);
  batch.csc_target.reserve(kRows * kColumns);
  const auto entry = [&](uint32_t i, uint32_t j) { return value(20 + t, i * kColumns + j); };
  uint32_t nnz = 0;
  for (uint32_t i = 0; i < kRows; ++i) {
    for (uint32_t j = 0; j < kColumns; ++j) {
      if (!touched(j, t)) continue;
      batch.column[nnz] = j;
      batch.target[nnz++] = entry(i, j);
    }
    batch.row_ptr[i + 1] = nnz;
  }
  nnz = 0;
  for (uint32_t j = 0; j < kColumns; ++j) {
    if (!touched(j, t)) continue;
    batch.touched_col[batch.touched++] = j;
    for (uint32_t i = 0; i < kRows; ++i) {
      batch.csc_row[nnz] = i;
      batch.csc_target[nnz++] = entry(i, j);
    }
    batch.touched_ptr[batch.touched] = nnz;
  }
  return batch;
}

struct Case {
  const char* name;
  OptimizerStep settings;
  double gradient;  // size of d_y: against eps = 1e-8
};

std::vector<Case> cases() {
  const OptimizerStep adam{.kind = OptimizerKind::kAdam}, sgd{.kind = OptimizerKind::kSgd};
  OptimizerStep adamw = adam, fast = adam, slow = adam, decayed = sgd, momentum = sgd, nesterov = sgd;
  adamw.kind = OptimizerKind::kAdamW;
  adamw.weight_decay = 0.05f;
  fast.beta1 = 0.8;
  fast.beta2 = 0.98;
  slow.beta1 = 0.95;
  decayed.weight_decay = momentum.weight_decay = nesterov.weight_decay = 0.02f;
  momentum.momentum = nesterov.momentum = 0.9f;
  nesterov.nesterov = true;
  return {{"adam", adam, 1},
          {"adam, gradients near eps", adam, 3e-7},
          {"adam, gradients below eps", adam, 1e-9},
          {"adam, betas 0.8 0.98", fast, 1},
          {"adam, betas 0.95 0.999", slow, 1e-6},
          {"adamw", adamw, 1},
          {"adamw, gradients near eps", adamw, 3e-7},
          {"sgd, weight decay", decayed, 1},
          {"sgd, momentum and weight decay", momentum, 1},
          {"sgd, nesterov", nesterov, 1}};
}

// Rises from 0, then falls to a tenth.
double rate_at(const Case& c, uint32_t t) {
  const double peak = c.settings.kind == OptimizerKind::kSgd ? 0.05 : 0.003;
  return peak * std::min(1.0, (t - 1) / 20.0) * (1 - 0.9 * t / 1200);
}

OptimizerStep step_at(const Case& c, uint32_t t) {
  OptimizerStep step = c.settings;
  step.step = t;
  step.learning_rate = static_cast<float>(rate_at(c, t));
  step.bias_correction1 = static_cast<float>(1 - std::pow(step.beta1, t));
  step.bias_correction2_sqrt = static_cast<float>(std::sqrt(1 - std::pow(step.beta2, t)));
  return step;
}

std::vector<float> gradient_at(const Case& c, uint32_t t) {
  std::vector<float> d_y = make_dense(kRows * kWidth, 5000 + t);
  for (float& element : d_y) element *= static_cast<float>(c.gradient);
  return d_y;
}

ColumnWeights weights_of(const Case& c) {
  ColumnWeights w = make_weights(kColumns, kWidth, c.settings.moments());
  w.moment1.zero();
  w.moment2.zero();
  return w;
}

struct InputUnderTest {
  ThreadPool pool;
  SparseInput input;
  ColumnWeights w;
  InputUnderTest(const Case& c, const Kernels& kernels, unsigned threads, bool behind)
      : pool(threads), input(kernels, pool), w(weights_of(c)) {
    if (behind) input.leave_behind(c.settings, kColumns);
  }
  void step(const Case& c, uint32_t t) {
    input.backward_update(batch_at(t), gradient_at(c, t).data(), w, step_at(c, t));
  }
  Matrix now() const {
    Matrix all;
    std::vector<float> row(kWidth);
    for (size_t j = 0; j < kColumns; ++j) {
      input.read_row(w, j, 0, kWidth, row.data());
      all.insert(all.end(), row.begin(), row.end());
    }
    return all;
  }
};

double worst(const Matrix& a, const Matrix& b) {
  double largest = a.size() == b.size() && !a.empty() ? 0 : NAN;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::fabs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference;
    if (!(largest == largest)) break;
  }
  return largest;
}

}  // namespace

TEST(missed_steps_against_the_dense_update_in_double) {
  for (const Case& c : cases()) {
    constexpr uint32_t steps = 1200;
    InputUnderTest behind(c, kernels(), 2, true), all(c, kernels(), 2, false);
    CHECK(behind.input.missed().enabled());
    const Matrix start = behind.now();
    Matrix value = start, s1(value.size()), s2(value.size());
    uint32_t compared = 0, waited = 0;
    for (uint32_t t = 1; t <= steps; ++t) {
      const OptimizerStep step = step_at(c, t);
      const SparseBatch batch = batch_at(t);
      const std::vector<float> d_y = gradient_at(c, t);
      const Matrix x = dense(batch, batch.target.data());
      const Matrix gradient = product(kColumns, kWidth, kRows, x, 1, kColumns, Matrix(d_y.begin(), d_y.end()));
      for (size_t i = 0; i < value.size(); ++i) update(step, gradient[i], value[i], s1[i], s2[i]);
      behind.step(c, t);
      all.step(c, t);
      waited += behind.input.missed().any();
      if (t > 12 && t != 30 && t % 97 != 0 && t != 400 && t != steps) continue;
      double movement = 1e-30;
      for (size_t i = 0; i < value.size(); ++i) movement = std::max(movement, std::fabs(value[i] - start[i]));
      const double now = worst(value, behind.now()) / movement, in_float = worst(value, all.now()) / movement;
      // Where little has moved, the rounding of the weights themselves counts.
      CHECK(now <= 1e-5 || now <= 1.5 * in_float);
      ++compared;
      if (t == 400) {
        std::printf("%-32s after 400 steps: %.1e of the movement, dense update in float %.1e\n", c.name, now, in_float);
      }
    }
    CHECK(compared > 25 && waited > steps / 2);
    behind.input.catch_up(behind.w);
    CHECK(!behind.input.missed().any());
    CHECK(error(value, plain(behind.w, behind.w.value)) <= 1e-5);
    CHECK(s1.empty() || behind.w.moment1.size() == 0 || error(s1, plain(behind.w, behind.w.moment1)) <= 1e-5);
    CHECK(behind.w.moment2.size() == 0 || error(s2, plain(behind.w, behind.w.moment2)) <= 2e-5);
  }
}

// Reading, forward passes and threads change nothing, on any table; history and last steps restore the rest.
TEST(missed_steps_same_bits) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  for (size_t table = 0; table < count; ++table) {
    for (const Case& c : {cases()[0], cases()[5], cases()[8]}) {
      constexpr uint32_t steps = 420, stop = 333;
      InputUnderTest whole(c, *tables[table], 1, true), parts(c, *tables[table], 3, true),
          again(c, *tables[table], 2, true);
      std::vector<float> y(kRows * kWidth), expected(kRows * kWidth);
      for (uint32_t t = 1; t <= steps; ++t) {
        whole.step(c, t);
        const SparseBatch next = batch_at(t + 1);
        parts.input.forward(next, parts.w, nullptr, y.data());
        parts.now();
        parts.step(c, t);
        if (t > stop) again.step(c, t);
        if (t != stop) continue;
        CHECK(parts.input.missed().any());
        const auto copy = [&](auto& to, const auto& from) { std::copy_n(from.data(), from.size(), to.data()); };
        copy(again.w.value, parts.w.value);
        copy(again.w.moment1, parts.w.moment1);
        copy(again.w.moment2, parts.w.moment2);
        copy(again.input.missed().last(), parts.input.missed().last());
        again.input.missed().set_history(parts.input.missed().history());
        // The forward pass over rows that are behind is that over rows caught up.
        whole.input.forward(next, whole.w, nullptr, y.data());
        InputUnderTest flushed(c, *tables[table], 2, false);
        for (size_t j = 0; j < kColumns; ++j) whole.input.read_row(whole.w, j, 0, kWidth, flushed.w.row(j));
        flushed.input.forward(next, flushed.w, nullptr, expected.data());
        CHECK(same_bits(expected, y));
      }
      for (const InputUnderTest* other : {&parts, &again}) {
        CHECK(same_bits(whole.w.value, other->w.value) && same_bits(whole.w.moment1, other->w.moment1));
        CHECK(same_bits(whole.w.moment2, other->w.moment2));
        CHECK(whole.now() == other->now());
      }
    }
  }
}

TEST(missed_steps_every_table_like_the_plain_one) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  CHECK(count > 0);
  for (const Case& c : cases()) {
    std::vector<Matrix> values;
    for (size_t table = 0; table < count; ++table) {
      InputUnderTest layer(c, *tables[table], 1, true);
      for (uint32_t t = 1; t <= 160; ++t) layer.step(c, t);
      values.push_back(layer.now());
      CHECK(error(values.front(), values.back()) <= 1e-6);
    }
  }
}

// The sum over the missed steps, from the very first on, for gradients far above, near and far below eps.
TEST(missed_steps_quadrature) {
  const auto worst_since = [](const OptimizerStep& adam, uint32_t since, uint32_t most) {
    MissedSteps missed(adam, 1);
    OptimizerStep step = adam;
    step.step = since;
    missed.end_step_of_all(step);
    std::vector<double> weight, place;
    double worst_error = 0;
    for (uint32_t n = 1; n <= most; ++n) {
      step.step = since + n;
      step.learning_rate = static_cast<float>(1e-3 * std::min(1.0, step.step / 50));
      missed.end_step(step);
      const double rate = static_cast<double>(step.learning_rate);
      const double q = std::sqrt(1 - std::pow(step.beta2, step.step)) * std::pow(step.beta2, -0.5 * n);
      weight.push_back(rate * std::pow(step.beta1, n) * q / (1 - std::pow(step.beta1, step.step)));
      place.push_back(static_cast<double>(step.eps) * q);
      CatchUp c;
      CHECK(missed.of(0, c));
      for (double root = 1e-13; root < 1; root *= 10) {
        double want = 0, got = 0;
        for (size_t k = 0; k < weight.size(); ++k) want += weight[k] / (root + place[k]);
        for (size_t k = 0; k < 3; ++k)
          got += static_cast<double>(c.weight[k]) / (root + static_cast<double>(c.offset[k]));
        const double error = std::fabs(got / want - 1);
        worst_error = std::max(worst_error, std::isnan(error) ? INFINITY : error);
      }
    }
    return worst_error;
  };
  OptimizerStep adam{.kind = OptimizerKind::kAdam};
  for (const uint32_t since : {1u, 2u, 4u, 9u, 29u, 31u, 60u, 200u}) {
    const double error = worst_since(adam, since, 400);
    CHECK_CLOSE(error, 0, 2e-5);
    std::printf("missed since step %u: quadrature within %.1e\n", since, error);
  }
  // A few steps missed from any step on: one point, two, three, which rounding must not make more of.
  const double betas[][2] = {{0.9, 0.999}, {0.95, 0.999}, {0.99, 0.999}, {0.8, 0.98}, {0.5, 0.999}, {0.999, 0.9999}};
  for (const auto& [beta1, beta2] : betas) {
    adam.beta1 = beta1;
    adam.beta2 = beta2;
    double error = 0;
    for (uint32_t since = 1; since <= 3000; since += 1 + since / 50) {
      error = std::max(error, worst_since(adam, since, 6));
    }
    CHECK_CLOSE(error, 0, 2e-5);
    std::printf("betas %g %g, up to 6 steps: quadrature within %.1e\n", beta1, beta2, error);
  }
}

// A row that misses thousands of steps, long after its own movement has died away, under a falling rate.
TEST(missed_steps_for_a_long_time) {
  for (const Case& c : {cases()[0], cases()[5], cases()[7], cases()[8]}) {
    constexpr uint32_t first = 101, steps = 3000;
    MissedSteps missed(c.settings, 1);
    OptimizerStep step = step_at(c, first - 1);
    missed.end_step_of_all(step);
    double w = 0.3, s1 = 0.02, s2 = 4e-4;
    const float start[] = {0.3f, 0.02f, 4e-4f};
    uint32_t compared = 0;
    for (uint32_t t = first; t < first + steps; ++t) {
      step = step_at(c, t);
      step.learning_rate = static_cast<float>(rate_at(c, 20) / (1 + t / 500.0));
      update(step, 0, w, s1, s2);
      missed.end_step(step);
      if (t % 500 != 0) continue;
      CatchUp behind;
      CHECK(missed.of(0, behind));
      float now[3] = {start[0], start[1], start[2]};
      sparse_kernels(kernels()).catch_up(1, behind, now, now + 1, c.settings.moments() > 1 ? now + 2 : nullptr, now,
                                         now + 1, c.settings.moments() > 1 ? now + 2 : nullptr);
      CHECK_CLOSE(static_cast<double>(now[0]), w, 2e-6 * 0.3);
      if (c.settings.moments() > 1) CHECK_CLOSE(static_cast<double>(now[2]), s2, 1e-6 * s2);
      MissedSteps again(c.settings, 1);  // from what a checkpoint keeps
      again.set_history(missed.history());
      CatchUp same;
      CHECK(again.of(0, same) && std::memcmp(&same, &behind, sizeof same) == 0);
      ++compared;
    }
    CHECK(compared > 5);
  }
}

TEST(missed_steps_rules) {
  OptimizerStep s{.kind = OptimizerKind::kAdam};
  CHECK(MissedSteps::has_closed_form(s));
  s.weight_decay = 0.1f;
  CHECK(!MissedSteps::has_closed_form(s));  // L2: a gradient for every row
  s.kind = OptimizerKind::kAdamW;
  CHECK(MissedSteps::has_closed_form(s));
  s.beta2 = 0.9;
  CHECK(!MissedSteps::has_closed_form(s));
  s = {.kind = OptimizerKind::kSgd};
  CHECK(!MissedSteps::has_closed_form(s));  // nothing moves
  s.momentum = 0.5f;
  CHECK(MissedSteps::has_closed_form(s));
  s = {.kind = OptimizerKind::kRmsprop};
  CHECK(!MissedSteps::has_closed_form(s));

  s = {.kind = OptimizerKind::kAdam};
  MissedSteps missed(s, 100);
  SparseBatch batch;
  batch.columns = 100;
  batch.touched = 75;
  s.step = 1;
  CHECK(!missed.update_all(batch, s));
  for (; s.step <= 100; ++s.step) missed.end_step_of_all(s);
  CHECK(!missed.update_all(batch, s));
  batch.touched = 76;
  CHECK(missed.update_all(batch, s));
  batch.touched = 1;
  missed.touch(7, s);
  missed.end_step(s);
  CatchUp c;
  CHECK(!missed.of(7, c) && missed.of(8, c));
  s.step = 110;  // set by hand
  CHECK(missed.update_all(batch, s));
  missed.end_step_of_all(s);
  CHECK(!missed.of(8, c) && !missed.of(7, c));
  for (s.step = 111; !missed.update_all(batch, s); ++s.step) missed.end_step(s);
  CHECK(s.step == 111 + MissedSteps::kMost);
  missed.clear();
  CHECK(!missed.any());
}

TEST(missed_steps_history_from_elsewhere_does_no_harm) {
  for (const double base : {0.0, -5.0, 1e300, static_cast<double>(NAN), 4e9}) {
    MissedSteps missed({.kind = OptimizerKind::kAdam}, 10);
    std::array<double, MissedSteps::kMost + 1> history;
    history.fill(0.01);
    history[0] = base;
    history[200] = base;
    missed.set_history(history);
    for (size_t j = 0; j < 10; ++j) missed.last()[j] = 0xffffffffu - static_cast<uint32_t>(j) * 429000000u;
    for (size_t j = 0; j < 10; ++j) {
      CatchUp c;
      CHECK(!missed.of(j, c) || c.keep == 1);
    }
  }
}

TEST(only_touched_rows_move) {
  const Case c = cases()[5];
  InputUnderTest layer(c, kernels(), 2, false);
  layer.input.only_touched();
  const Matrix before = plain(layer.w, layer.w.value);
  layer.step(c, 2);
  const Matrix after = plain(layer.w, layer.w.value);
  uint32_t moved = 0, stayed = 0;
  for (uint32_t j = 0; j < kColumns; ++j) {
    const bool same =
        std::equal(before.begin() + j * kWidth, before.begin() + (j + 1) * kWidth, after.begin() + j * kWidth);
    CHECK(same == !touched(j, 2));
    (same ? stayed : moved) += 1;
  }
  CHECK(moved > 0 && stayed > 0);
}
