#include "layers/factored_output.h"

#include <cstdio>
#include <numeric>

#include "check.h"
#include "factored_fits.h"

using namespace nrw;

namespace {

// The rule by its definition, dense and in double.
struct Oracle {
  size_t D, p;
  LeastSquaresSettings settings;
  double total, rows = 0;  // total: different training rows, 0 where not known
  int steps = 0;
  std::vector<double> M, S, W;
  Oracle(size_t D, size_t width, const LeastSquaresSettings& s, double total)
      : D(D), p(width + 1), settings(s), total(total), M(p * p), S(D * p), W(D * p) {}

  void update(const Step& s) {
    ++steps;
    const double beta = std::min(settings.beta, 1 - 1 / (steps / 2.0 + 2));
    const size_t m = s.batch.rows;
    for (double& x : M) x *= beta;
    for (double& x : S) x *= beta;
    for (size_t i = 0; i < m; ++i) {
      const std::vector<double> f = s.features(i);
      const double c = s.weight(i);
      for (size_t a = 0; a < p; ++a)
        for (size_t b = 0; b < p; ++b) M[a * p + b] += c * f[a] * f[b];
      for (size_t j = 0; j < D; ++j)
        for (size_t b = 0; b < p; ++b) S[j * p + b] += c * s.dense[i * D + j] * f[b];
    }
    rows = beta * rows + std::accumulate(s.weights.begin(), s.weights.end(), 0.0);
  }

  // W = S (M + R)^-1 by Gauss-Jordan elimination with pivoting. given: the ridge, 0: that of the settings.
  void solve(double given = 0) {
    double trace = 0;
    for (size_t k = 0; k < p; ++k) trace += M[k * p + k];
    trace /= static_cast<double>(p);
    std::vector<double> A = M, inverse(p * p);
    const double n = total > 0 ? total : std::max(1.0, rows), q = static_cast<double>(p);
    const double ridge = (given > 0 ? given : settings.ridge + settings.kappa * q / (n + q)) * trace;
    for (size_t k = 0; k < p; ++k) {
      A[k * p + k] += k < settings.free ? 1e-7 * trace : k + 1 < p ? ridge : 1e-9 * trace;
      inverse[k * p + k] = 1;
    }
    for (size_t col = 0; col < p; ++col) {
      size_t pivot = col;
      for (size_t r = col; r < p; ++r)
        if (std::fabs(A[r * p + col]) > std::fabs(A[pivot * p + col])) pivot = r;
      for (size_t k = 0; k < p; ++k) {
        std::swap(A[col * p + k], A[pivot * p + k]);
        std::swap(inverse[col * p + k], inverse[pivot * p + k]);
      }
      const double scale = 1 / A[col * p + col];
      for (size_t k = 0; k < p; ++k) A[col * p + k] *= scale, inverse[col * p + k] *= scale;
      for (size_t r = 0; r < p; ++r) {
        const double factor = A[r * p + col];
        if (r == col || factor == 0) continue;
        for (size_t k = 0; k < p; ++k)
          A[r * p + k] -= factor * A[col * p + k], inverse[r * p + k] -= factor * inverse[col * p + k];
      }
    }
    for (size_t j = 0; j < D; ++j) {
      for (size_t a = 0; a < p; ++a) {
        double sum = 0;
        for (size_t b = 0; b < p; ++b) sum += S[j * p + b] * inverse[b * p + a];
        W[j * p + a] = sum;
      }
    }
  }
};

struct Run {
  StepOptions options;
  std::vector<uint32_t> rows;
  int steps = 60;
  std::vector<int> look = {};  // the steps that are compared; none: all
  unsigned threads = 2;
  double training_rows = 500;  // 0: not known
};

Worst compare(const Run& run) {
  const uint32_t columns = run.options.columns, width = run.options.width;
  ThreadPool pool(run.threads);
  const LeastSquaresSettings settings;
  FactoredOutput layer(columns, width, settings, run.training_rows, kernels(), pool);
  Oracle oracle(columns, width, settings, run.training_rows);
  std::vector<Step> made;
  const int different = std::min(run.steps, 48);
  for (int t = 0; t < different; ++t) {
    StepOptions options = run.options;
    options.rows = run.rows[static_cast<size_t>(t) % run.rows.size()];
    made.push_back(make_step(static_cast<uint64_t>(t), options));
  }
  Worst worst;
  for (int t = 0; t < run.steps; ++t) {
    const Step& s = made[static_cast<size_t>(t % different)];
    const double a = 1.0 / (static_cast<double>(s.rows()) * columns);
    const bool looked = run.look.empty() || std::find(run.look.begin(), run.look.end(), t + 1) != run.look.end();
    if (looked && t > 0) oracle.solve();
    const double want = looked ? a * dense_error(s, oracle.W) : 0;
    std::vector<float> d_h(s.h.size());
    const double loss = layer.train(s.batch, s.h.data(), s.weights.data(), a, d_h.data());
    oracle.update(s);
    if (!looked) continue;
    oracle.solve();
    std::vector<double> gradient;
    dense_error(s, oracle.W, &gradient);
    for (double& g : gradient) g *= 2 * a;
    worst.take(want == 0 ? std::fabs(loss) : std::fabs(loss - want) / want, relative(d_h, gradient),
               relative(weights_of(layer, columns, width), oracle.W));
  }
  return worst;
}

void show(const char* what, const Worst& worst) {
  std::fprintf(stderr, "  %s: loss %.1e, grad H %.1e, W %.1e\n", what, worst.loss, worst.gradient, worst.weights);
}

}  // namespace

TEST(factored_least_squares_is_the_dense_rule) {
  struct Case {
    const char* name;
    Run run;
  };
  const Case cases[] = {
      {"one column", {.options = {.columns = 1, .width = 3, .density = 0.9}, .rows = {4}, .steps = 5}},
      {"batches larger than the width", {.options = {.columns = 40, .width = 5}, .rows = {16}}},
      {"batches of any size", {.options = {.columns = 90, .width = 24}, .rows = {32, 3, 40, 1}}},
      {"rows not known", {.options = {.columns = 90, .width = 24}, .rows = {32, 3, 40, 1}, .training_rows = 0}},
      {"repeated rows", {.options = {.columns = 60, .width = 20, .repeated = true}, .rows = {16, 5}}},
      {"dead units", {.options = {.columns = 60, .width = 20, .dead = true}, .rows = {16, 5}}},
  };
  for (const Case& c : cases) {
    const Worst worst = compare(c.run);
    show(c.name, worst);
    CHECK(worst.compared == c.run.steps);
    // Most that was measured: 2.1e-7, 9.1e-7, 8.3e-7.
    CHECK_CLOSE(worst.loss, 0, 5e-7);
    CHECK_CLOSE(worst.gradient, 0, 1.5e-6);
    CHECK_CLOSE(worst.weights, 0, 1.5e-6);
  }
}

TEST(factored_least_squares_after_20000_steps) {
  const Worst worst = compare(
      {.options = {.columns = 60, .width = 8}, .rows = {24, 5}, .steps = 20000, .look = {1, 100, 20000}, .threads = 1});
  show("20,000 steps", worst);
  CHECK(worst.compared == 3);
  // Measured 3.7e-9, 5.1e-7, 4.5e-7; docs/factored.md has 7e-7 in grad H and 4e-7 in W of a larger case.
  CHECK_CLOSE(worst.loss, 0, 1e-7);
  CHECK_CLOSE(worst.gradient, 0, 7e-7);
  CHECK_CLOSE(worst.weights, 0, 6e-7);
}

TEST(factored_least_squares_of_a_million_columns) {
  const Worst worst = compare({.options = {.columns = 1000000, .width = 3, .density = 1e-3}, .rows = {4}, .steps = 3});
  show("1,000,000 columns", worst);
  CHECK(worst.compared == 3);
  CHECK_CLOSE(worst.loss, 0, 5e-7);
  CHECK_CLOSE(worst.gradient, 0, 1e-6);
  CHECK_CLOSE(worst.weights, 0, 1e-6);
}

// Nothing stored in any row: W stays 0, loss and gradient are 0.
TEST(factored_least_squares_of_empty_batches) {
  ThreadPool pool(2);
  const StepOptions options{.columns = 30, .width = 6, .empty = true};
  FactoredOutput layer(options.columns, options.width, {}, 0, kernels(), pool);
  for (uint64_t t = 0; t < 25; ++t) {
    const Step s = make_step(t, options);
    std::vector<float> d_h(s.h.size(), NAN);
    CHECK(layer.train(s.batch, s.h.data(), s.weights.data(), 1e-3, d_h.data()) == 0);
    for (const float g : d_h) CHECK(g == 0);
  }
  for (const double w : weights_of(layer, options.columns, options.width)) CHECK(w == 0);
}

TEST(factored_least_squares_has_the_same_bits_with_any_threads) {
  const StepOptions options{.columns = 300, .width = 33};
  std::vector<double> first;
  for (const unsigned threads : {1u, 2u, 3u}) {
    ThreadPool pool(threads);
    FactoredOutput layer(options.columns, options.width, {}, 0, kernels(), pool);
    std::vector<float> d_h;
    for (uint64_t t = 0; t < 25; ++t) {
      StepOptions o = options;
      o.rows = t % 3 == 0 ? 40 : 9;
      const Step s = make_step(t, o);
      d_h.assign(s.h.size(), 0);
      layer.train(s.batch, s.h.data(), s.weights.data(), 1e-3, d_h.data());
    }
    std::vector<double> all = weights_of(layer, options.columns, options.width);
    all.insert(all.end(), d_h.begin(), d_h.end());
    if (first.empty()) first = all;
    CHECK(all == first);
  }
}

// Whatever was learned before, W is the ridge solution of all rows, by their weights.
TEST(factored_refit_is_the_ridge_solution_of_all_rows) {
  constexpr uint32_t kColumns = 40, kWidth = 5;
  const LeastSquaresSettings settings;
  std::vector<Step> made;
  Oracle oracle(kColumns, kWidth, settings, 300);
  for (uint64_t t = 0; t < 9; ++t) {
    made.push_back(make_step(t, {.rows = t == 4 ? 3u : 16u, .columns = kColumns, .width = kWidth}));
    const Step& s = made.back();
    for (size_t i = 0; i < s.rows(); ++i) {
      const std::vector<double> f = s.features(i);
      const double c = s.weight(i);
      for (size_t a = 0; a < oracle.p; ++a)
        for (size_t b = 0; b < oracle.p; ++b) oracle.M[a * oracle.p + b] += c * f[a] * f[b];
      for (size_t j = 0; j < kColumns; ++j)
        for (size_t b = 0; b < oracle.p; ++b) oracle.S[j * oracle.p + b] += c * s.dense[i * kColumns + j] * f[b];
    }
  }
  oracle.solve();
  std::vector<std::vector<float>> found;
  for (const unsigned threads : {1u, 3u}) {
    for (const bool trained : {false, true}) {
      ThreadPool pool(threads);
      FactoredOutput layer(kColumns, kWidth, settings, 300, kernels(), pool);
      for (size_t t = 0; trained && t < 5; ++t) {
        std::vector<float> d_h(made[t].h.size());
        layer.train(made[t].batch, made[t].h.data(), nullptr, 1, d_h.data());
      }
      layer.begin_refit();
      for (const Step& s : made) layer.absorb(s.batch, s.h.data(), s.weights.data());
      layer.end_refit();
      std::vector<float> w(kColumns * kWidth), bias(kColumns);
      layer.weights(0, kColumns, w.data(), bias.data());
      for (size_t j = 0; j < kColumns; ++j) {
        for (size_t k = 0; k < kWidth; ++k) CHECK_CLOSE(w[j * kWidth + k], oracle.W[j * oracle.p + k], 2e-5);
        CHECK_CLOSE(bias[j], oracle.W[j * oracle.p + kWidth], 2e-5);
      }
      w.insert(w.end(), bias.begin(), bias.end());
      found.push_back(w);
    }
  }
  for (const std::vector<float>& w : found) CHECK(w == found[0]);
}

namespace {

Oracle sums_of(const std::vector<Step>& made, const LeastSquaresSettings& settings) {
  Oracle oracle(kRefitColumns, kRefitWidth, settings, 0);
  for (const Step& s : made) {
    for (size_t i = 0; i < s.rows(); ++i) {
      const std::vector<double> f = s.features(i);
      for (size_t b = 0; b < oracle.p; ++b) {
        for (size_t a = 0; a < oracle.p; ++a) oracle.M[a * oracle.p + b] += f[a] * f[b];
        for (size_t j = 0; j < kRefitColumns; ++j) {
          oracle.S[j * oracle.p + b] += s.dense[i * kRefitColumns + j] * f[b];
        }
      }
    }
  }
  return oracle;
}

void check_weights(const std::vector<double>& found, const Oracle& oracle) {
  CHECK(found.size() == oracle.W.size());
  for (size_t k = 0; k < found.size(); ++k) CHECK_CLOSE(found[k], oracle.W[k], 5e-5);
}

}  // namespace

TEST(factored_refit_leaves_free_inputs_without_a_ridge) {
  const std::vector<Step> made = rows_to_fit();
  const LeastSquaresSettings settings{.ridge = 10, .kappa = 0, .free = 3};
  Oracle oracle = sums_of(made, settings);
  oracle.solve(10);
  check_weights(fitted(made, {}, settings), oracle);
}

// Of each row, with the oracle's W.
std::vector<double> errors_of(const std::vector<Step>& rows, const Oracle& oracle) {
  std::vector<double> errors;
  for (const Step& s : rows) {
    for (size_t i = 0; i < s.rows(); ++i) {
      const std::vector<double> f = s.features(i);
      double sum = 0;
      for (size_t j = 0; j < kRefitColumns; ++j) {
        double value = -s.dense[i * kRefitColumns + j];
        for (size_t k = 0; k < oracle.p; ++k) value += oracle.W[j * oracle.p + k] * f[k];
        sum += value * value;
      }
      errors.push_back(sum);
    }
  }
  return errors;
}

// Fewer rows than hidden units are reproduced: their error is nothing but rounding, and never below 0.
TEST(factored_errors_of_rows_that_are_reproduced_are_not_negative) {
  const LeastSquaresSettings settings{.ridge = 1e-12, .kappa = 0};
  for (uint64_t t = 0; t < 6; ++t) {
    ThreadPool pool(2);
    FactoredOutput layer(kRefitColumns, kRefitWidth, settings, 0, kernels(), pool);
    Step s = make_step(t, {.rows = 8, .columns = kRefitColumns, .width = kRefitWidth});
    layer.begin_refit();
    layer.absorb(s.batch, s.h.data(), std::vector<float>(8, 1.0f).data());
    layer.end_refit();
    for (size_t i = 0; i < 8; ++i) {
      std::fill(s.weights.begin(), s.weights.end(), 0.0f);
      s.weights[i] = 1;
      const double error = layer.evaluate(s.batch, s.h.data(), s.weights.data()).weighted;
      CHECK(error >= 0 && error < 1e-6);
    }
  }
}

// Rows that are held out choose the ridge by the rule's definition; those that were fitted to ask for the smallest.
TEST(factored_refit_takes_the_ridge_of_the_rows_held_out) {
  const std::vector<Step> made = rows_to_fit();
  const LeastSquaresSettings settings{.free = 1, .chosen = true};
  std::vector<Step> others;
  for (uint64_t t = 100; t < 102; ++t) {
    others.push_back(make_step(t, {.rows = 16, .columns = kRefitColumns, .width = kRefitWidth}));
  }
  for (const std::vector<Step>* const rows : std::initializer_list<const std::vector<Step>*>{&made, &others}) {
    const std::vector<Step>& held = *rows;
    Oracle oracle = sums_of(made, settings);
    oracle.solve(1e3);
    const std::vector<double> most = errors_of(held, oracle);
    double best = 0, ridge = 1e3;
    for (int half = 5; half >= -6; --half) {
      oracle.solve(std::pow(10.0, half / 2.0));
      const std::vector<double> errors = errors_of(held, oracle);
      double mean = 0, squares = 0;
      const double n = static_cast<double>(errors.size());
      for (size_t i = 0; i < errors.size(); ++i) mean += (errors[i] - most[i]) / n;
      for (size_t i = 0; i < errors.size(); ++i) squares += std::pow(errors[i] - most[i] - mean, 2);
      if (mean < best && mean < -std::sqrt(squares / n / (n - 1))) {
        best = mean;
        ridge = std::pow(10.0, half / 2.0);
      }
    }
    if (held.size() == made.size()) CHECK_CLOSE(ridge, 1e-3, 1e-9);
    oracle.solve(ridge);
    check_weights(fitted(made, held, settings), oracle);
  }
}

// Without them: generalized cross-validation, here by its definition.
TEST(factored_refit_without_rows_held_out_takes_the_ridge_of_cross_validation) {
  const std::vector<Step> made = rows_to_fit();
  const LeastSquaresSettings settings{.chosen = true};
  Oracle oracle = sums_of(made, settings);
  double best = INFINITY, ridge = 0;
  for (int half = -6; half <= 6; ++half) {
    const double tried = std::pow(10.0, half / 2.0);
    oracle.solve(tried);
    const std::vector<double> errors = errors_of(made, oracle);
    const double residual = std::accumulate(errors.begin(), errors.end(), 0.0);
    const double rows = static_cast<double>(errors.size());
    double hat = 0;
    // tr(M (M + R)^-1): W of the targets M, whose columns stand for the outputs.
    Oracle of_m(oracle.p, kRefitWidth, settings, 0);
    of_m.M = of_m.S = oracle.M;
    of_m.solve(tried);
    for (size_t k = 0; k < oracle.p; ++k) hat += of_m.W[k * oracle.p + k];
    const double left = 1 - hat / rows, error = residual / (rows * left * left);
    if (error < best) {
      best = error;
      ridge = tried;
    }
  }
  oracle.solve(ridge);
  check_weights(fitted(made, {}, settings), oracle);
}
