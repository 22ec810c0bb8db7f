// Rows with weights in the factored output layer under least squares.
#include "check.h"
#include "factored_fits.h"
#include "memory_source.h"

using namespace nrw;

namespace {

// The rows of a step, each as often as its weight says.
Step repeated(const Step& s) {
  const size_t width = s.h.size() / s.rows(), columns = s.batch.columns;
  std::vector<std::vector<float>> rows;
  Step all;
  for (size_t i = 0; i < s.rows(); ++i) {
    for (double k = 0; k < s.weight(i); ++k) {
      const double* const from = s.dense.data() + i * columns;
      rows.emplace_back(from, from + columns);
      all.dense.insert(all.dense.end(), from, from + columns);
      all.h.insert(all.h.end(), s.h.begin() + static_cast<long>(i * width),
                   s.h.begin() + static_cast<long>((i + 1) * width));
      all.weights.push_back(1);
    }
  }
  all.batch = check::make_batch(rows, static_cast<uint32_t>(columns), 0, 0);
  return all;
}

std::vector<Step> with_whole_weights(uint64_t first, uint64_t last) {
  std::vector<Step> made;
  for (uint64_t t = first; t < last; ++t) {
    made.push_back(make_step(t, {.rows = 16, .columns = kRefitColumns, .width = kRefitWidth}));
    for (size_t i = 0; i < 16; ++i) made.back().weights[i] = static_cast<float>((i + t) % 4);
  }
  return made;
}

}  // namespace

TEST(factored_least_squares_takes_a_row_of_weight_2_as_the_row_twice) {
  ThreadPool pool(2);
  FactoredOutput weighted(kRefitColumns, kRefitWidth, {}, 0, kernels(), pool);
  FactoredOutput plain(kRefitColumns, kRefitWidth, {}, 0, kernels(), pool);
  int compared = 0;
  for (const Step& s : with_whole_weights(0, 20)) {
    const Step r = repeated(s);
    std::vector<float> d_s(s.h.size()), d_r(r.h.size());
    const double loss = weighted.train(s.batch, s.h.data(), s.weights.data(), 0.01, d_s.data());
    const double want = plain.train(r.batch, r.h.data(), nullptr, 0.01, d_r.data());
    CHECK_CLOSE(loss, want, 1e-6 * want);
    size_t row = 0;
    for (size_t i = 0; i < s.rows(); ++i) {
      for (size_t k = 0; k < kRefitWidth; ++k) {
        const double of_copy = s.weight(i) > 0 ? static_cast<double>(d_r[row * kRefitWidth + k]) : 0;
        CHECK_CLOSE(d_s[i * kRefitWidth + k], s.weight(i) * of_copy, 1e-6);
        ++compared;
      }
      row += static_cast<size_t>(s.weight(i));
    }
    CHECK_CLOSE(
        relative(weights_of(weighted, kRefitColumns, kRefitWidth), weights_of(plain, kRefitColumns, kRefitWidth)), 0,
        2e-6);
  }
  CHECK(compared == 20 * 16 * kRefitWidth);
}

// Chosen by generalized cross-validation, which counts rows: a row of weight 2 is two of them.
TEST(factored_refit_takes_a_row_of_weight_2_as_the_row_twice) {
  const LeastSquaresSettings settings{.chosen = true};
  const std::vector<Step> made = with_whole_weights(0, 6);
  std::vector<Step> all, alike = with_whole_weights(0, 6);
  for (const Step& s : made) all.push_back(repeated(s));
  for (Step& s : alike) std::fill(s.weights.begin(), s.weights.end(), 1.0f);
  const std::vector<double> want = fitted(all, {}, settings);
  CHECK_CLOSE(relative(fitted(made, {}, settings), want), 0, 1e-5);
  CHECK(relative(fitted(alike, {}, settings), want) > 1e-2);  // the weights count
}

TEST(factored_refit_asks_rows_held_out_by_their_weights) {
  const LeastSquaresSettings settings{.free = 1, .chosen = true};
  const std::vector<Step> made = rows_to_fit();
  // Rows that were fitted to ask for the smallest ridge.
  const auto held = [&](bool with_others, float weight_of_others) {
    std::vector<Step> rows;
    for (uint64_t t = 100; t < 102; ++t) {
      rows.push_back(make_step(t, {.rows = 20, .columns = kRefitColumns, .width = kRefitWidth}));
      std::fill(rows.back().weights.begin(), rows.back().weights.end(), 1.0f);
    }
    std::vector<Step> others = with_others ? rows_to_fit() : std::vector<Step>{};
    for (Step& s : others) {
      std::fill(s.weights.begin(), s.weights.end(), weight_of_others);
      rows.push_back(std::move(s));
    }
    return fitted(made, rows, settings);
  };
  const std::vector<double> want = held(false, 0);
  CHECK(held(true, 1) != want);
  CHECK(held(true, 0) == want);
}

TEST(factored_least_squares_is_not_changed_by_rows_without_weight) {
  ThreadPool pool(2);
  FactoredOutput layer(kRefitColumns, kRefitWidth, {}, 0, kernels(), pool);
  std::vector<Step> made = with_whole_weights(0, 3);
  for (size_t t = 0; t < 6; ++t) {
    Step& s = made[t / 2];
    const std::vector<double> before = weights_of(layer, kRefitColumns, kRefitWidth);
    const std::vector<float> none(s.rows(), 0);
    std::vector<float> d_h(s.h.size(), NAN);
    const bool skipped = t % 2 == 0;
    layer.train(s.batch, s.h.data(), skipped ? none.data() : s.weights.data(), 0.01, d_h.data());
    CHECK((weights_of(layer, kRefitColumns, kRefitWidth) == before) == skipped);
    for (const float d : d_h) CHECK(skipped ? d == 0 : std::isfinite(d));
    const double gram = layer.target_gram()[0];
    double want = 0;
    for (size_t j = 0; j < kRefitColumns; ++j) want += s.dense[j] * s.dense[j];
    CHECK_CLOSE(gram, want, 1e-6 * (want + 1));
  }
}

TEST(factored_least_squares_evaluates_by_weights_and_without) {
  ThreadPool pool(2);
  FactoredOutput layer(kRefitColumns, kRefitWidth, {}, 0, kernels(), pool);
  std::vector<Step> made = with_whole_weights(0, 4);
  for (int trained = 0; trained < 2; ++trained) {
    for (Step& s : made) {
      const std::vector<double> w = weights_of(layer, kRefitColumns, kRefitWidth);
      const double weighted = dense_error(s, w);
      const std::vector<float> own = s.weights;
      std::fill(s.weights.begin(), s.weights.end(), 1.0f);
      const double alike = dense_error(s, w);
      const FactoredRule::Errors found = layer.evaluate(s.batch, s.h.data(), own.data());
      CHECK_CLOSE(found.weighted, weighted, 1e-5 * weighted);
      CHECK_CLOSE(found.alike, alike, 1e-5 * alike);
      CHECK(layer.evaluate(s.batch, s.h.data(), nullptr).weighted == found.alike);
      s.weights = own;
    }
    std::vector<float> d_h(made[0].h.size());
    for (const Step& s : made) layer.train(s.batch, s.h.data(), s.weights.data(), 0.01, d_h.data());
  }
}
