// Losses that need no more than outputs and targets, against double arithmetic, for sparse and dense targets.
#include "losses/binary_cross_entropy.h"
#include "make_loss.h"
#include "memory_source.h"

using namespace nrw;
using namespace nrw::check;

namespace {

struct Case {
  const char* text;
  std::function<double(double o, double y)> value;
  std::function<double(double o)> reconstruction;
  float most;  // of targets
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double same(double x) { return x; }

const Case kCases[] = {
    {"{\"kind\": \"mse\"}", [](double o, double y) { return (o - y) * (o - y); }, same, 3},
    {"{\"kind\": \"mae\"}", [](double o, double y) { return std::fabs(o - y); }, same, 3},
    {"{\"kind\": \"huber\", \"delta\": 0.75}",
     [](double o, double y) {
       const double r = std::fabs(o - y);
       return r <= 0.75 ? r * r / 2 : 0.75 * (r - 0.375);
     },
     same, 3},
    {"{\"kind\": \"binary_cross_entropy\"}",
     [](double o, double y) { return -y * std::log(sigmoid(o)) - (1 - y) * std::log(sigmoid(-o)); }, sigmoid, 1},
};

// About a third of the targets are not 0.
std::vector<float> targets(size_t n, float most) {
  std::vector<float> y = random_values<float>(n, 8);
  for (float& value : y) value = value > 0.3f ? std::min(most, most * 1.2f * (value - 0.2f)) : 0;
  return y;
}

}  // namespace

TEST(losses_of_a_column) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  for (size_t t = 0; t < count; ++t) {
    for (const Case& c : kCases) {
      const MadeLoss loss(c.text, Shape::flat(3), *tables[t]);
      for (const size_t rows : {1u, 7u, 128u, 129u, 300u}) {
        for (const bool dense : {false, true}) {
          std::vector<float> o = random_values<float>(rows, 3);
          for (float& value : o) value *= 4;
          const std::vector<float> y = targets(rows, c.most), bias{0.25f};
          const double factor = 0.125;
          const ColumnResult got = column_of(*loss.loss, o, bias, y, dense, factor);
          double value = 0, squares = 0, gradient = 0;
          for (size_t i = 0; i < rows; ++i) {
            const double z = double(o[i]) + 0.25, r = c.reconstruction(z) - double(y[i]), h = 1e-5;
            value += c.value(z, y[i]);
            squares += r * r;
            const double slope = factor * (c.value(z + h, y[i]) - c.value(z - h, y[i])) / (2 * h);
            CHECK_CLOSE(got.d[i], slope, 2e-6);
            gradient += slope;
          }
          CHECK_CLOSE(got.sums.value, value, 2e-6 * value);
          CHECK_CLOSE(got.sums.squared_error, squares, 2e-6 * squares);
          CHECK_CLOSE(got.sums.gradient, gradient, 2e-6 * static_cast<double>(rows));
          CHECK(got.head_gradients[0] == got.sums.gradient || std::string(c.text).find("mse") != std::string::npos);
          std::vector<float> shown = o;
          loss->reconstruct(0, rows, shown.data());
          for (size_t i = 0; i < rows; ++i) CHECK_CLOSE(shown[i], c.reconstruction(o[i]), 3e-7 * (1 + std::fabs(o[i])));
        }
      }
    }
  }
}

TEST(losses_far_out_stay_finite) {
  for (const Case& c : kCases) {
    const MadeLoss loss(c.text, Shape::flat(1));
    const std::vector<float> o{-1e6f, 1e6f, -200, 200, 0, -1e6f, 1e6f}, y{0, 0, 0, 1, 1, 1, 1};
    for (const bool dense : {false, true}) {
      const ColumnResult got = column_of(*loss.loss, o, {}, y, dense);
      CHECK(std::isfinite(got.sums.value) && std::isfinite(got.sums.squared_error));
      for (const float d : got.d) CHECK(std::isfinite(d));
    }
  }
}

TEST(binary_cross_entropy_refuses_targets_outside) {
  const MadeLoss loss("{\"kind\": \"binary_cross_entropy\"}", Shape::flat(3));
  loss->begin(make_batch({{0, 1, 0.5f}, {0, 0, 0}}, 3, 100, 0));
  for (const float bad : {1.5f, -0.25f, NAN}) {
    try {
      loss->begin(make_batch({{0, 1, 0.5f}, {0, bad, 0}}, 3, 100, 0));
      CHECK(false);
    } catch (const Error& error) {
      CHECK(error.code() == NRW_INVALID_ARGUMENT);
      CHECK(std::string(error.what()).find("needs targets from 0 to 1; column 1 of row 101 is ") != std::string::npos);
    }
  }
}
