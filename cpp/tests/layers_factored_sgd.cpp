#include "layers/factored_sgd.h"

#include <cstring>

#include "check.h"
#include "factored_steps.h"

using namespace nrw;

namespace {

// The dense step in double.
struct DenseSgd {
  std::vector<double> w;  // D x p
  double weight_decay;

  struct Result {
    double loss;
    std::vector<double> d_h;
  };
  Result train(const Step& s, double a, double n) {
    Result result;
    const size_t p = s.h.size() / s.rows() + 1, D = s.batch.columns;
    result.loss = a * dense_error(s, w, &result.d_h);
    for (double& g : result.d_h) g *= 2 * a;
    std::vector<double> change(w.size());
    for (size_t i = 0; i < s.rows(); ++i) {
      const std::vector<double> e = residual(s, i, w), f = s.features(i);
      for (size_t j = 0; j < D; ++j)
        for (size_t k = 0; k < p; ++k) change[j * p + k] += 2 * n * a * s.weight(i) * e[j] * f[k];
    }
    for (size_t at = 0; at < w.size(); ++at) w[at] = (1 - n * weight_decay) * w[at] - change[at];
    return result;
  }
};

// The learning rate at which a step only just does not diverge, for the batch's own second moments.
double stable_limit(const Step& s, double a, double weight_decay) {
  const size_t p = s.h.size() / s.rows() + 1;
  std::vector<double> x(p, 1), y(p);
  double largest = 0;
  for (int iteration = 0; iteration < 200; ++iteration) {
    std::fill(y.begin(), y.end(), 0);
    for (size_t i = 0; i < s.rows(); ++i) {
      const std::vector<double> f = s.features(i);
      double dot = 0;
      for (size_t k = 0; k < p; ++k) dot += f[k] * x[k];
      for (size_t k = 0; k < p; ++k) y[k] += s.weight(i) * dot * f[k];
    }
    largest = 0;
    for (double v : y) largest += v * v;
    largest = std::sqrt(largest);
    for (size_t k = 0; k < p; ++k) x[k] = y[k] / largest;
  }
  return 2 / (2 * a * largest + weight_decay);
}

void start(FactoredSgd& layer, uint32_t columns, uint32_t width) {
  ColumnWeights& v = *layer.starting_weights();
  for (uint32_t j = 0; j < columns; ++j)
    for (uint32_t k = 0; k <= width; ++k) v.row(j)[k] = static_cast<float>(0.4 * (unit(6, j * (width + 1) + k) - 0.5));
  layer.started();
}

struct Run {
  StepOptions options;
  std::vector<uint32_t> rows;
  int steps = 60;
  double share = 0.3;  // of the stable limit
  bool changing = false;
  double weight_decay = 0;
  std::vector<int> look = {};  // the steps that are compared; none: all
  unsigned threads = 2;
};

Worst compare(const Run& run, uint64_t* folds = nullptr) {
  const uint32_t columns = run.options.columns, width = run.options.width;
  ThreadPool pool(run.threads);
  FactoredSgd layer(columns, width, run.weight_decay, kernels(), pool);
  start(layer, columns, width);
  DenseSgd oracle{weights_of(layer, columns, width), run.weight_decay};
  std::vector<Step> made;
  std::vector<double> limits;
  const int different = std::min(run.steps, 48);
  for (int t = 0; t < different; ++t) {
    StepOptions options = run.options;
    options.rows = run.rows[static_cast<size_t>(t) % run.rows.size()];
    made.push_back(make_step(static_cast<uint64_t>(t), options));
    limits.push_back(stable_limit(made.back(), 1.0 / (options.rows * columns), run.weight_decay));
  }
  Worst worst;
  for (int t = 0; t < run.steps; ++t) {
    const Step& s = made[static_cast<size_t>(t % different)];
    const double a = 1.0 / (static_cast<double>(s.rows()) * columns);
    const double change = run.changing ? 0.55 + 0.45 * std::cos(0.7 * t) : 1;
    const double rate = run.share * change * limits[static_cast<size_t>(t % different)];
    std::vector<float> d_h(s.h.size());
    layer.set_learning_rate(rate);
    const double loss = layer.train(s.batch, s.h.data(), s.weights.data(), a, d_h.data());
    const auto want = oracle.train(s, a, rate);
    if (!run.look.empty() && std::find(run.look.begin(), run.look.end(), t + 1) == run.look.end()) continue;
    worst.take(std::fabs(loss - want.loss) / want.loss, relative(d_h, want.d_h),
               relative(weights_of(layer, columns, width), oracle.w));
  }
  if (folds != nullptr) *folds = layer.folds();
  return worst;
}

void show(const char* what, const Worst& worst, uint64_t folds) {
  std::fprintf(stderr, "  %s: loss %.1e, grad H %.1e, W %.1e, folds %llu\n", what, worst.loss, worst.gradient,
               worst.weights, static_cast<unsigned long long>(folds));
}

}  // namespace

TEST(factored_sgd_is_the_dense_step) {
  struct Case {
    const char* name;
    Run run;
  };
  const Case cases[] = {
      {"one column", {.options = {.columns = 1, .width = 3, .density = 0.9}, .rows = {4}}},
      {"batches of any size", {.options = {.columns = 90, .width = 40}, .rows = {3, 100, 20, 21, 1}}},
      {"small rates", {.options = {.columns = 200, .width = 24}, .rows = {32, 7}, .share = 0.003}},
      {"near divergence", {.options = {.columns = 60, .width = 20}, .rows = {32, 4}, .steps = 200, .share = 0.97}},
      {"singular steps", {.options = {.columns = 60, .width = 20}, .rows = {32, 4}, .share = 0.5}},
      {"changing rates", {.options = {.columns = 60, .width = 20}, .rows = {16}, .share = 0.8, .changing = true}},
      {"weight decay", {.options = {.columns = 60, .width = 20}, .rows = {16, 5}, .weight_decay = 1e-3}},
      {"repeated rows", {.options = {.columns = 60, .width = 20, .repeated = true}, .rows = {16, 5}}},
      {"dead units", {.options = {.columns = 60, .width = 20, .dead = true}, .rows = {16, 5}, .weight_decay = 1e-4}},
      {"no stored values", {.options = {.columns = 60, .width = 20, .empty = true}, .rows = {16, 5}}},
  };
  for (const Case& c : cases) {
    uint64_t folds = 0;
    const Worst worst = compare(c.run, &folds);
    show(c.name, worst, folds);
    CHECK(worst.compared == c.run.steps);
    // Most that was measured: 6e-7, 4.2e-6, 2.3e-6: V's rounding, times a condition of 30 at most.
    CHECK_CLOSE(worst.loss, 0, 1e-6);
    CHECK_CLOSE(worst.gradient, 0, 7e-6);
    CHECK_CLOSE(worst.weights, 0, 4e-6);
  }
}

TEST(factored_sgd_after_20000_steps) {
  for (const double share : {5e-4, 0.05, 0.9}) {
    uint64_t folds = 0;
    const Worst worst = compare({.options = {.columns = 30, .width = 8},
                                 .rows = {6, 3},
                                 .steps = 20000,
                                 .share = share,
                                 .weight_decay = 1e-6,
                                 .look = {1, 100, 20000},
                                 .threads = 1},
                                &folds);
    show("20,000 steps", worst, folds);
    CHECK(worst.compared == 3);
    CHECK_CLOSE(worst.loss, 0, 5e-7);
    CHECK_CLOSE(worst.gradient, 0, 7e-6);
    CHECK_CLOSE(worst.weights, 0, 5e-6);
  }
}

TEST(factored_sgd_of_a_million_columns) {
  uint64_t folds = 0;
  const Worst worst = compare(
      {.options = {.columns = 1000000, .width = 3, .density = 1e-3}, .rows = {4}, .steps = 3, .share = 0.2}, &folds);
  show("1,000,000 columns", worst, folds);
  CHECK(worst.compared == 3);
  CHECK_CLOSE(worst.loss, 0, 1e-6);
  CHECK_CLOSE(worst.gradient, 0, 1e-6);
  CHECK_CLOSE(worst.weights, 0, 1e-6);
}

TEST(factored_sgd_has_the_same_bits_with_any_threads_and_from_its_state) {
  const StepOptions options{.columns = 70, .width = 33};
  const auto after = [&](FactoredSgd& layer, int from, int to) {
    for (int t = from; t < to; ++t) {
      StepOptions o = options;
      o.rows = t % 3 == 0 ? 40 : 9;
      const Step s = make_step(static_cast<uint64_t>(t), o);
      std::vector<float> d_h(s.h.size());
      layer.set_learning_rate(0.8 * stable_limit(s, 1e-3, 0));
      layer.train(s.batch, s.h.data(), nullptr, 1e-3, d_h.data());
    }
  };
  std::vector<double> first;
  for (const unsigned threads : {1u, 2u, 3u}) {
    ThreadPool pool(threads);
    FactoredSgd layer(options.columns, options.width, 0, kernels(), pool);
    start(layer, options.columns, options.width);
    after(layer, 0, 13);
    FactoredSgd resumed(options.columns, options.width, 0, kernels(), pool);
    const auto from = layer.state(), to = resumed.state();
    CHECK(from.size() == to.size() && from.size() == 5);
    for (size_t i = 0; i < from.size(); ++i) {
      for (size_t r = 0; r < from[i].rows; ++r) {
        for (size_t c = 0; c < from[i].columns; ++c) {
          const size_t at = r * from[i].stride + c;
          if (from[i].f64 != nullptr) {
            to[i].f64[at] = from[i].f64[at];
          } else {
            to[i].f32[at] = from[i].f32[at];
          }
        }
      }
    }
    resumed.restored();
    after(layer, 13, 40);
    after(resumed, 13, 40);
    CHECK(layer.folds() > 0);
    const auto all = weights_of(layer, options.columns, options.width);
    CHECK(all == weights_of(resumed, options.columns, options.width));
    if (first.empty()) first = all;
    CHECK(all == first);
  }
}

TEST(factored_sgd_evaluates_what_it_would_materialise) {
  ThreadPool pool(2);
  const StepOptions options{.rows = 20, .columns = 50, .width = 12};
  FactoredSgd layer(options.columns, options.width, 0, kernels(), pool);
  start(layer, options.columns, options.width);
  for (uint64_t t = 0; t < 30; ++t) {
    Step s = make_step(t, options);
    std::vector<float> d_h(s.h.size());
    layer.set_learning_rate(0.4 * stable_limit(s, 1e-3, 0));
    layer.train(s.batch, s.h.data(), nullptr, 1e-3, d_h.data());
    std::fill(s.weights.begin(), s.weights.end(), 1.0f);
    const double want = dense_error(s, weights_of(layer, options.columns, options.width));
    CHECK_CLOSE(layer.evaluate(s.batch, s.h.data(), nullptr).weighted / want, 1, 1e-6);
  }
}
