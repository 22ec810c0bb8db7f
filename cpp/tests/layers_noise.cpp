#include "layers/noise.h"

#include "layer_checks.h"

using namespace nrw;
using namespace nrw::check;

namespace {

struct Case {
  const char* text;
  Shape shape;
};
const Case kCases[] = {{R"({"kind": "gaussian_noise", "deviation": 0.5})", Shape::flat(23)},
                       {R"({"kind": "salt_and_pepper", "share": 0.4, "low": -3, "high": 5})", Shape::flat(23)},
                       {R"({"kind": "mask_noise", "share": 0.4})", Shape::signal(3, 9)},
                       {R"({"kind": "mask_noise", "share": 0.4, "tokens": true})", Shape::signal(3, 9)}};

// rows x values of a training pass over rows of ones.
std::vector<float> noisy(const std::string& text, const Shape& shape, uint32_t rows, uint64_t seed = 1,
                         uint32_t number = 0, uint64_t step = 1) {
  Room room;
  const MadeLayer made(room.products, text, shape, seed, number);
  made->reserve(rows);
  const auto ids = row_ids(rows);
  const std::vector<float> x(rows * shape.size(), 1.0f);
  std::vector<float> y(x.size());
  made->forward({.rows = rows, .training = true, .step = step, .row_id = ids.data()}, x.data(), y.data());
  return y;
}

double share_of(const std::vector<float>& values, float value) {
  return static_cast<double>(std::count(values.begin(), values.end(), value)) / static_cast<double>(values.size());
}

}  // namespace

TEST(noise_gradients_threads_and_evaluation) {
  for (const auto& [text, shape] : kCases) {
    Room room;
    const MadeLayer made(room.products, text, shape);
    made->reserve(5);
    check_layer_gradients(made, {.rows = 5, .step = 3}, random_values<float>(5 * shape.size(), 1), 0.1, 1e-5);
    check_threads(text, shape, 200);
    const auto x = random_values<float>(5 * shape.size(), 2);
    std::vector<float> y(x.size());
    made->forward({.rows = 5}, x.data(), y.data());
    CHECK(y == x);
  }
}

TEST(noise_depends_on_seed_layer_step_and_row) {
  for (const auto& [text, shape] : kCases) {
    const auto once = noisy(text, shape, 40);
    CHECK(once == noisy(text, shape, 40));
    CHECK(once != noisy(text, shape, 40, 2) && once != noisy(text, shape, 40, 1, 1));
    CHECK(once != noisy(text, shape, 40, 1, 0, 2));
    const auto size = static_cast<long>(shape.size());
    CHECK(!std::equal(once.begin(), once.begin() + size, once.begin() + size));
  }
}

TEST(noise_distributions) {
  const uint32_t rows = 300;
  const auto normal = noisy(kCases[0].text, kCases[0].shape, rows);
  double sum = 0, squares = 0;
  for (const float value : normal) {
    sum += value - 1;
    squares += (double(value) - 1) * (double(value) - 1);
  }
  const double n = static_cast<double>(normal.size());
  CHECK_CLOSE(sum / n, 0, 4 * 0.5 / std::sqrt(n));
  CHECK_CLOSE(squares / n, 0.25, 4 * 0.25 * std::sqrt(2 / n));

  const double error = 4 * std::sqrt(0.4 * 0.6 / n);
  const auto salted = noisy(kCases[1].text, kCases[1].shape, rows);
  CHECK_CLOSE(share_of(salted, -3), 0.2, error);
  CHECK_CLOSE(share_of(salted, 5), 0.2, error);
  CHECK_CLOSE(share_of(salted, -3) + share_of(salted, 5) + share_of(salted, 1), 1, 1e-12);

  CHECK_CLOSE(share_of(noisy(kCases[2].text, kCases[2].shape, rows), 0), 0.4, error);
  const auto tokens = noisy(kCases[3].text, kCases[3].shape, rows);
  CHECK_CLOSE(share_of(tokens, 0), 0.4, error * std::sqrt(3));
  for (size_t i = 0; i < tokens.size(); i += 3) CHECK(tokens[i] == tokens[i + 1] && tokens[i] == tokens[i + 2]);
}

TEST(noise_refusals) {
  CHECK(refusal(R"({"kind": "mask_noise", "share": 0.1, "tokens": true})", Shape::flat(5))
            .rfind("layer.tokens: is for "
                   "signals",
                   0) == 0);
  CHECK(refusal(R"({"kind": "mask_noise", "share": 1})", Shape::flat(5)).rfind("layer.share: must be in [0, 1)", 0) ==
        0);
  CHECK(refusal(R"({"kind": "gaussian_noise", "deviation": -1})", Shape::flat(5)).rfind("layer.deviation: ", 0) == 0);
}
