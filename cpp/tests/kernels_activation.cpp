// Activations against long double. Errors measured over the sweep below, in units in the last place of the result (for
// derivatives that pass 0, of the larger of the terms that cancel there), every table but plain, which rounds once:
//   forward: leaky ReLU 0.5, ELU 1.5, GELU 3.8, SiLU 2.8, tanh 2.5, sigmoid 2.3;
//   backward: ELU 1.7, GELU 4.1, SiLU 3.9, tanh 3.6, sigmoid 3.6.
#include <cmath>

#include "kernels_common.h"

using namespace nrw;
using namespace nrw::check;

namespace {

using Real = long double;

constexpr Activation kKinds[] = {Activation::kRelu, Activation::kLeakyRelu, Activation::kElu,    Activation::kGelu,
                                 Activation::kSilu, Activation::kTanh,      Activation::kSigmoid};

Real sigmoid(Real x) { return 1 / (1 + std::exp(-x)); }
Real cdf(Real x) { return std::erfc(-x / std::sqrt(Real{2})) / 2; }
Real pdf(Real x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(Real{-1})); }

struct Expected {
  Real value, slope;
  Real slope_scale;  // what the slope's error is measured by
};

Expected expected(Activation kind, Real x, Real p) {
  const Real s = sigmoid(x), rest = sigmoid(-x);
  switch (kind) {
    case Activation::kRelu:
      return {x > 0 ? x : 0, Real(x > 0 ? 1 : 0), 1};
    case Activation::kLeakyRelu:
      return {x > 0 ? x : p * x, x > 0 ? 1 : p, p};
    case Activation::kElu:
      return {x > 0 ? x : p * std::expm1(x), x > 0 ? 1 : p * std::exp(x), x > 0 ? 1 : p * std::exp(x)};
    case Activation::kGelu:
      return {x * cdf(x), cdf(x) + x * pdf(x), std::fmax(cdf(x), std::fabs(x * pdf(x)))};
    case Activation::kSilu:
      return {x * s, s + x * s * rest, std::fmax(s, std::fabs(x * s * rest))};
    case Activation::kTanh:
      return {std::tanh(x), 4 * sigmoid(2 * x) * sigmoid(-2 * x), 4 * sigmoid(2 * x) * sigmoid(-2 * x)};
    case Activation::kSigmoid:
      return {s, s * rest, s * rest};
  }
  return {};
}

// |actual - wanted| in units in the last place of a float of size `scale`, but at least 1e-35: nearer to 0 the factors
// of a result are denormal.
double ulps(float actual, Real wanted, Real scale) {
  const float size = std::fmax(static_cast<float>(std::fabs(scale)), 1e-35f);
  return static_cast<double>(std::fabs(actual - wanted) / (std::nextafter(size, 2 * size) - static_cast<Real>(size)));
}

float parameter(Activation kind) {
  return kind == Activation::kLeakyRelu ? 0.01f : kind == Activation::kElu ? 0.7f : 0;
}

}  // namespace

TEST(activations_are_accurate) {
  std::vector<float> x;
  for (float v = 1e-30f; v < 1e4f; v *= 1.003f) x.insert(x.end(), {v, -v});
  for (int i = 1; i < 40000; ++i) x.insert(x.end(), {static_cast<float>(i) * 3e-4f, static_cast<float>(-i) * 3e-4f});
  std::vector<float> y(x.size()), d_x(x.size());
  const std::vector<float> ones(x.size(), 1.0f);
  each_table([&](const Kernels& table) {
    for (Activation kind : kKinds) {
      const float p = parameter(kind);
      table.activate(kind, x.size(), x.data(), p, y.data());
      table.activate_backward(kind, x.size(), x.data(), ones.data(), p, d_x.data());
      double worst = 0, worst_slope = 0;
      float where = 0, where_slope = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        const Expected e = expected(kind, x[i], p);
        const double error = ulps(y[i], e.value, e.value), slope_error = ulps(d_x[i], e.slope, e.slope_scale);
        if (!(error <= worst)) worst = error, where = x[i];
        if (!(slope_error <= worst_slope)) worst_slope = slope_error, where_slope = x[i];
      }
      if (!(worst <= 4.5) || !(worst_slope <= 4.5)) {
        failed(__FILE__, __LINE__,
               format("%s, kind %u: %.2f ulp at %g, slope %.2f at %g", table.name, static_cast<unsigned>(kind), worst,
                      where, worst_slope, where_slope));
      }
    }
  });
}

TEST(activations_at_kinks_infinities_and_nan) {
  const std::vector<float> x = {0.0f, -0.0f, kInfinity, -kInfinity, kNan, 1e30f, -1e30f};
  struct Row {
    Activation kind;
    float value[4], slope[4];  // at 0, -0, inf, -inf
  };
  const Row rows[] = {{Activation::kRelu, {0, 0, kInfinity, 0}, {0, 0, 1, 0}},
                      {Activation::kLeakyRelu, {0, 0, kInfinity, -kInfinity}, {0.01f, 0.01f, 1, 0.01f}},
                      {Activation::kElu, {0, 0, kInfinity, -0.7f}, {0.7f, 0.7f, 1, 0}},
                      {Activation::kGelu, {0, 0, kInfinity, 0}, {0.5f, 0.5f, 1, 0}},
                      {Activation::kSilu, {0, 0, kInfinity, 0}, {0.5f, 0.5f, 1, 0}},
                      {Activation::kTanh, {0, 0, 1, -1}, {1, 1, 0, 0}},
                      {Activation::kSigmoid, {0.5f, 0.5f, 1, 0}, {0.25f, 0.25f, 0, 0}}};
  const std::vector<float> ones(x.size(), 1.0f);
  each_table([&](const Kernels& table) {
    for (const Row& row : rows) {
      std::vector<float> y(x.size()), d_x(x.size());
      table.activate(row.kind, x.size(), x.data(), parameter(row.kind), y.data());
      table.activate_backward(row.kind, x.size(), x.data(), ones.data(), parameter(row.kind), d_x.data());
      for (size_t i = 0; i < 4; ++i) {
        CHECK_TABLE(table, y[i] == row.value[i]);
        CHECK_CLOSE(d_x[i], row.slope[i], 1e-7);
      }
      CHECK_TABLE(table, std::isnan(y[4]));
      CHECK_TABLE(table, y[5] == (row.value[2] == kInfinity ? 1e30f : row.value[2]));
      CHECK_CLOSE(d_x[5], row.slope[2], 1e-7);
      CHECK_CLOSE(d_x[6], row.slope[3], 1e-7);
    }
  });
}

// In place, out of place, at any length and place in the array: the same bits, and nothing else is written.
TEST(activations_in_place_and_by_parts) {
  each_table([](const Kernels& table) {
    for (Activation kind : kKinds) {
      const float p = parameter(kind);
      for (size_t n : kLengths) {
        Guarded x(n, 1), d_y(n, 2), y(n, 3), d_x(n, 4), in_place(n, 1, 1), d_in_place(n, 2, 5);
        table.activate(kind, n, x.data(), p, y.data());
        table.activate_backward(kind, n, x.data(), d_y.data(), p, d_x.data());
        table.activate_backward(kind, n, x.data(), d_in_place.data(), p, d_in_place.data());
        table.activate(kind, n, in_place.data(), p, in_place.data());
        CHECK_TABLE(table, same_bits(y.data(), in_place.data(), n) && same_bits(d_x.data(), d_in_place.data(), n));
        CHECK_TABLE(table, y.margins_kept() && d_x.margins_kept() && in_place.margins_kept());
        for (size_t i = 0; i < n; ++i) {
          float alone = 0;
          table.activate(kind, 1, x.data() + i, p, &alone);
          CHECK_TABLE(table, same_bits(&alone, y.data() + i, 1));
        }
      }
    }
  });
}
