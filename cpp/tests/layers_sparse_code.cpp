// Layers that make a code sparse: top_k, batch_top_k, jump_relu, l1.
#include "layers/jump_relu.h"
#include "layers/l1.h"
#include "layers/top_k.h"

#include "layer_checks.h"

using namespace nrw;
using namespace nrw::check;

namespace {

std::vector<uint8_t> largest(const std::vector<float>& x, size_t k) {
  std::vector<uint32_t> keys(x.size());
  std::vector<uint8_t> kept(x.size());
  select_largest(x.size(), k, x.data(), keys.data(), kept.data());
  return kept;
}

// Values whose distances are far more than a step of a numeric gradient.
std::vector<float> spread(size_t n) {
  std::vector<float> x(n);
  for (size_t i = 0; i < n; ++i) x[i] = static_cast<float>((i * 37) % n) / static_cast<float>(n) * 4 - 1.5f;
  return x;
}

}  // namespace

TEST(select_largest_by_hand_and_by_sorting) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  CHECK((largest({1, 3, 2}, 1) == std::vector<uint8_t>{0, 1, 0}));
  CHECK((largest({-1, -3, -2}, 2) == std::vector<uint8_t>{1, 0, 1}));
  CHECK((largest({5, 5, 5, 5}, 2) == std::vector<uint8_t>{1, 1, 0, 0}));          // ties: the lower index
  CHECK((largest({-0.0f, 0, -0.0f, 1}, 2) == std::vector<uint8_t>{1, 0, 0, 1}));  // both zeros are equal
  CHECK((largest({inf, -nan, 3}, 1) == std::vector<uint8_t>{0, 1, 0}));           // NaN is passed on, not lost
  CHECK((largest({-inf, 2}, 2) == std::vector<uint8_t>{1, 1}));
  for (const size_t n : {1u, 7u, 64u, 1000u}) {
    auto x = random_values<float>(n, n);
    for (float& value : x) value = std::round(value * 20);  // many ties
    for (size_t k = 1; k <= n; k += 1 + n / 9) {
      std::vector<size_t> order(n);
      std::iota(order.begin(), order.end(), size_t{0});
      std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return x[a] > x[b]; });
      std::vector<uint8_t> expected(n);
      for (size_t i = 0; i < k; ++i) expected[order[i]] = 1;
      CHECK(largest(x, k) == expected);
    }
  }
}

// The selection of a batch on several threads against that of one row on one: the same values, and the same smallest.
TEST(batch_selection_as_of_one_row) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  size_t compared = 0;
  for (const size_t n : {1u, 2u, 63u, 5000u, 32767u, 65536u, 98305u}) {
    for (const int kind : {0, 1, 2, 3, 4}) {
      auto x = random_values<float>(n, n + kind);
      for (size_t i = 0; i < n; ++i) {
        if (kind == 1) x[i] = std::round(x[i] * 20);                       // many ties, also of both zeros
        if (kind == 2) x[i] = std::max(x[i], 0.0f);                        // as after relu
        if (kind == 3) x[i] = 0.25f;                                       // one value
        if (kind == 4) x[i] *= std::exp2(std::round(100 * x[n - i - 1]));  // of all sizes
        if (kind == 4 && i % 7 == 3) x[i] = i % 2 != 0 ? inf : i % 3 != 0 ? -inf : i % 5 != 0 ? nan : -nan;
      }
      for (const size_t k : {size_t{1}, n / 50 + 1, n / 3 + 1, n - n / 4, n}) {
        const auto expected = largest(x, k);
        float smallest = inf;
        for (size_t i = 0; i < n; ++i) {
          if (expected[i] != 0 && x[i] != 0 && x[i] < smallest) smallest = x[i];
        }
        for (const unsigned threads : {1u, 2u, 5u}) {
          ThreadPool pool(threads);
          BatchSelection selection(pool);
          selection.reserve(n);
          std::vector<uint8_t> kept(n, 7);
          CHECK(selection.select(n, k, x.data(), kept.data()) == (std::isfinite(smallest) ? smallest : 0));
          CHECK(kept == expected);
          compared += n;
        }
      }
    }
  }
  CHECK(compared > 1000000);
}

TEST(top_k_keeps_values_and_gradients_by_row) {
  const Shape shape = Shape::flat(11);
  Room room;
  const MadeLayer made(room.products, R"({"kind": "top_k", "k": 3})", shape);
  start(*made, 6, 1);
  const auto x = spread(6 * 11);
  check_layer_gradients(made, {.rows = 6}, x, 1e-3, 1e-3);
  std::vector<float> y(x.size());
  for (const bool training : {true, false}) {
    made->forward({.rows = 6, .training = training}, x.data(), y.data());
    for (size_t row = 0; row < 6; ++row) {
      const std::vector<float> of_row(x.begin() + long(row) * 11, x.begin() + long(row + 1) * 11);
      const auto kept = largest(of_row, 3);
      for (size_t j = 0; j < 11; ++j) CHECK(y[row * 11 + j] == (kept[j] ? of_row[j] : 0));
    }
  }
  CHECK(made->buffers().empty() && made->penalty() == 0);
}

TEST(batch_top_k_by_batch_and_by_threshold) {
  const Shape shape = Shape::flat(11);
  Room room;
  const MadeLayer made(room.products, R"({"kind": "batch_top_k", "k": 2, "momentum": 0.25})", shape);
  start(*made, 6, 1);
  const auto x = spread(6 * 11);
  check_layer_gradients(made, {.rows = 6}, x, 1e-3, 1e-3);
  std::vector<float> y(x.size());
  made->forward({.rows = 6, .training = true}, x.data(), y.data());
  const auto kept = largest(x, 12);
  float smallest = 100;
  for (size_t i = 0; i < x.size(); ++i) {
    CHECK(y[i] == (kept[i] ? x[i] : 0));
    if (kept[i]) smallest = std::min(smallest, x[i]);
  }
  const auto buffers = made->buffers();
  CHECK(buffers.size() == 2 && buffers[0]->name == "threshold" && buffers[1]->name == "num_batches_tracked");
  CHECK(buffers[0]->value[0] == 0);  // not before the update
  made->commit();
  CHECK(buffers[0]->value[0] == smallest && buffers[1]->count == 1);
  std::vector<float> alone(11);
  made->forward({.rows = 1}, x.data() + 11, alone.data());
  CHECK(std::equal(alone.begin(), alone.end(), y.begin() + 11));  // the same values: the threshold is this batch's

  const std::vector<float> second(11, 8);
  made->forward({.rows = 1, .training = true}, second.data(), alone.data());
  made->commit();
  CHECK_CLOSE(buffers[0]->value[0], 0.75 * smallest + 0.25 * 8, 1e-6);
  const std::vector<float> zeros(11, 0);  // keeps zeros only: they say nothing about a threshold
  made->forward({.rows = 1, .training = true}, zeros.data(), alone.data());
  made->commit();
  CHECK(std::isfinite(buffers[0]->value[0]));
}

TEST(jump_relu_by_hand) {
  Room room;
  const MadeLayer made(room.products, R"({"kind": "jump_relu", "weight": 3, "threshold": 0.5, "bandwidth": 0.4})",
                       Shape::flat(2));
  start(*made, 2, 1);
  Parameter& log_threshold = *made->parameters()[0];
  for (float& value : log_threshold.value) value = std::log(0.5f);
  CHECK_CLOSE(made.spec.type->tensors(made.spec.settings, made.input, made.output)[0].constant, std::log(0.5), 1e-15);
  const float x[4] = {0.6f, 0.4f, -2, 1};
  float y[4], d_x[4];
  const Pass pass{.rows = 2, .training = true, .factor = 0.1};
  made->forward(pass, x, y);
  const float expected[4] = {0.6f, 0, 0, 1};
  for (int i = 0; i < 4; ++i) CHECK_CLOSE(y[i], expected[i], 0);
  CHECK_CLOSE(made->penalty(), 3 * 2, 1e-12);
  const float d_y[4] = {2, 7, 5, 9};
  made->backward(pass, x, d_y, d_x);
  const float expected_d[4] = {2, 0, 0, 9};
  for (int i = 0; i < 4; ++i) CHECK_CLOSE(d_x[i], expected_d[i], 0);
  // Only 0.6 and 0.4 are near: -theta/bandwidth (theta d_y + factor weight), and both d_y count.
  CHECK_CLOSE(log_threshold.gradient[0], -0.5 / 0.4 * (0.5 * 2 + 0.3), 1e-6);
  CHECK_CLOSE(log_threshold.gradient[1], -0.5 / 0.4 * (0.5 * 7 + 0.3), 1e-6);
}

// With values spread evenly, the mean loss has a slope in the threshold, of which the rule is an estimate.
TEST(jump_relu_threshold_gradient_is_the_mean_slope) {
  const double theta = 0.7, bandwidth = 0.2, c = 1.7, weight = 0.3;
  const int n = 200000;
  double rule = 0;
  const auto mean_loss = [&](double log_threshold) {
    const double t = std::exp(log_threshold);
    return c * (0.5 * (4 - t * t)) / 2 + weight * (2 - t) / 2;  // of x uniform in [0, 2]
  };
  for (int i = 0; i < n; ++i) {
    rule += jump_relu_threshold_gradient(2 * (i + 0.5) / n, theta, bandwidth, c, weight) / n;
  }
  const double h = 1e-5, slope = (mean_loss(std::log(theta) + h) - mean_loss(std::log(theta) - h)) / (2 * h);
  CHECK_CLOSE(rule, slope, 1e-4);
}

TEST(jump_relu_gradient_to_x_and_channels) {
  Room room;
  const MadeLayer made(room.products, R"({"kind": "jump_relu", "weight": 0.5})", Shape::signal(3, 4));
  start(*made, 5, 1);
  made->parameters()[0]->value[0] = -40;  // a threshold of 0, nearly
  CHECK(made->parameters()[0]->size() == 3);
  auto x = random_values<float>(5 * 12, 2);
  std::vector<float> y(x.size()), d_x(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const float theta = std::exp(made->parameters()[0]->value[i % 3]);
    if (std::fabs(x[i] - theta) < 0.05f) x[i] += 0.2f;  // off the jump
  }
  const auto c = random_values<float>(x.size(), 3);
  const Pass pass{.rows = 5, .training = true};
  const auto loss = [&] {
    made->forward(pass, x.data(), y.data());
    return weighted(c, y.data()) + made->penalty();
  };
  loss();
  made->backward(pass, x.data(), c.data(), d_x.data());
  check_gradient("x", x.data(), d_x.data(), x.size(), 0.01, 1e-4, loss);
}

TEST(l1_penalty_and_gradient) {
  Room room;
  const MadeLayer made(room.products, R"({"kind": "l1", "weight": 0.25})", Shape::flat(9));
  start(*made, 4, 1);
  auto x = random_values<float>(4 * 9, 5);
  double sum = 0;
  for (float& value : x) {
    value += value < 0 ? -0.1f : 0.1f;  // off the kink
    sum += std::fabs(value);
  }
  std::vector<float> y(x.size());
  made->forward({.rows = 4}, x.data(), y.data());
  CHECK(y == x);
  CHECK_CLOSE(made->penalty(), 0.25 * sum, 1e-12);
  check_layer_gradients(made, {.rows = 4, .factor = 3}, x, 0.01, 1e-4);
  const std::vector<float> zeros(x.size(), 0), d_y(x.size(), 1);
  made->forward({.rows = 4, .training = true}, zeros.data(), y.data());
  made->backward({.rows = 4, .training = true}, zeros.data(), d_y.data(), y.data());
  CHECK(y == d_y);
}

TEST(sparse_code_bits_do_not_depend_on_threads) {
  for (const char* text : {R"({"kind": "top_k", "k": 20})", R"({"kind": "batch_top_k", "k": 20})",
                           R"({"kind": "jump_relu", "weight": 0.1, "threshold": 0.3, "bandwidth": 0.5})",
                           R"({"kind": "l1", "weight": 2})"}) {
    check_threads(text, Shape::flat(300), 330);  // several blocks of a batch
    check_threads(text, Shape::signal(3, 40), 70);
  }
}

TEST(sparse_code_refusals) {
  CHECK(refusal(R"({"kind": "top_k", "k": 6})", Shape::flat(5))
            .rfind("layer.k: must be at most the number of values of a row, 5, got 6", 0) == 0);
  CHECK(refusal(R"({"kind": "batch_top_k", "k": 0})", Shape::flat(5)).rfind("layer.k: must be in [1, ", 0) == 0);
  CHECK(
      refusal(R"({"kind": "jump_relu", "weight": 1, "bandwidth": 0})", Shape::flat(5)).rfind("layer.bandwidth: ", 0) ==
      0);
  CHECK(refusal(R"({"kind": "l1"})", Shape::flat(5)).rfind("layer.weight: is missing", 0) == 0);
}
