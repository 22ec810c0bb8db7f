// Losses of counts against the papers' formulas in double (std::lgamma), for sparse and dense targets, with derivatives
// by differences of these.
#include "losses/gamma.h"
#include "make_loss.h"
#include "memory_source.h"

using namespace nrw;
using namespace nrw::check;

namespace {

enum class Kind { kPoisson, kPlain, kInflated };

struct Case {
  const char* text;
  Kind kind;
  bool softplus;
};
const Case kCases[] = {
    {"{\"kind\": \"poisson\"}", Kind::kPoisson, false},
    {"{\"kind\": \"negative_binomial\"}", Kind::kPlain, false},
    {"{\"kind\": \"negative_binomial\", \"link\": \"softplus\"}", Kind::kPlain, true},
    {"{\"kind\": \"negative_binomial\", \"clamp\": \"dca\"}", Kind::kPlain, false},
    {"{\"kind\": \"zero_inflated_negative_binomial\"}", Kind::kInflated, false},
    {"{\"kind\": \"zero_inflated_negative_binomial\", \"link\": \"softplus\", \"clamp\": \"dca\"}", Kind::kInflated,
     true},
};

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

double mean_of(const Case& c, double o, double size) { return size * (c.softplus ? softplus(o) : std::exp(o)); }

// scVI's log_nb_positive and log_zinb_positive, without its epsilon, negated.
double value_of(const Case& c, double o, double logit, double log_theta, double y, double size) {
  const double mu = mean_of(c, o, size), theta = std::exp(log_theta);
  if (mu == 0 && y == 0) return c.kind == Kind::kInflated ? softplus(-logit) - softplus(-logit) : 0;
  if (c.kind == Kind::kPoisson) return mu - y * std::log(mu) + std::lgamma(y + 1);
  const double both = std::log(theta + mu);
  const double plain = theta * (log_theta - both) + y * (std::log(mu) - both) + std::lgamma(y + theta) -
                       std::lgamma(theta) - std::lgamma(y + 1);
  if (c.kind == Kind::kPlain) return -plain;
  if (y > 0) return softplus(-logit) + logit - plain;
  return softplus(-logit) - softplus(-logit + plain);
}

// Counts as they are: most 0, most others small, some large, one of a million.
std::vector<float> counts(size_t n, bool whole) {
  std::vector<float> y = random_values<float>(n, 21);
  for (size_t i = 0; i < n; ++i) {
    const float u = y[i];
    y[i] = u < 0.2f ? 0 : std::exp(8 * (u - 0.2f)) - 1;
    if (whole) y[i] = std::round(y[i]);
  }
  if (n > 9) y[9] = 1e6f;
  return y;
}

}  // namespace

TEST(gamma_functions) {
  for (double z = 1e-8; z < 1e9; z *= 1.37) {
    CHECK_CLOSE(log_gamma(z), std::lgamma(z), 1e-11 + 1e-13 * std::fabs(std::lgamma(z)));
    const double h = 1e-4 * z, slope = (std::lgamma(z + h) - std::lgamma(z - h)) / (2 * h);
    CHECK_CLOSE(digamma(z), slope, 1e-6 * (1 + std::fabs(slope)));
  }
  CHECK_CLOSE(digamma(1), -0.57721566490153286061, 1e-11);  // Euler's constant
  for (const double theta : {1e-6, 0.3, 1.0, 7.5, 400.0, 1e8}) {
    const RisingGamma rising(theta);
    for (const double x : {0.0, 1.0, 2.0, 16.0, 17.0, 0.5, 3.25, 1e6}) {
      const auto [log, slope] = rising.at(x);
      CHECK_CLOSE(log, std::lgamma(x + theta) - std::lgamma(theta), 1e-10 + 1e-15 * std::fabs(std::lgamma(x + theta)));
      CHECK_CLOSE(slope, digamma(x + theta) - digamma(theta), 1e-10 * (1 + std::fabs(slope)));
      CHECK_CLOSE(log_factorial(x), std::lgamma(x + 1), 1e-10 * (1 + std::lgamma(x + 1)));
    }
  }
}

TEST(losses_of_counts) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  for (size_t t = 0; t < count; ++t) {
    for (const Case& c : kCases) {
      for (const bool library : {false, true}) {
        std::string text = c.text;
        if (library) text.insert(text.size() - 1, ", \"size\": \"library\", \"size_scale\": 100");
        const size_t rows = 300, columns = 3;
        const MadeLoss loss(text, Shape::flat(columns), *tables[t]);
        const bool dispersed = c.kind != Kind::kPoisson;
        if (dispersed) loss->parameters()[0]->value[1] = 0.7f;
        const double log_theta = dispersed ? double(loss->parameters()[0]->value[1]) : 0;
        const std::vector<float> y = counts(rows, true);
        // The batch that says how large rows are: y in one column of three, and row 4 without any.
        std::vector<std::vector<float>> matrix(rows, std::vector<float>(columns));
        std::vector<double> size(rows, 1);
        for (size_t i = 0; i < rows; ++i) {
          matrix[i] = {i == 4 ? 0.0f : static_cast<float>(i % 7), y[i], 40};
          if (i == 4) matrix[i][2] = 0;
          if (library) size[i] = (double(matrix[i][0]) + double(y[i]) + double(matrix[i][2])) / 100;
        }
        if (y[4] != 0) size[4] = library ? double(y[4]) / 100 : 1;
        loss->begin(make_batch(matrix, columns, 0, 0));
        std::vector<float> o = random_values<float>((c.kind == Kind::kInflated ? 2 : 1) * rows, 5);
        for (float& value : o) value *= 3;
        const std::vector<float> bias{0.5f, -0.25f};
        const double factor = 0.125;
        for (const bool dense : {false, true}) {
          if (dispersed) loss->parameters()[0]->gradient[1] = 1;  // is added to
          const ColumnResult got = column_of(*loss.loss, o, bias, y, dense, factor, 1, true);
          double value = 0, squares = 0, theta_slope = 0, slopes[2] = {};
          for (size_t i = 0; i < rows; ++i) {
            const double z = double(o[i]) + 0.5, l = c.kind == Kind::kInflated ? double(o[rows + i]) - 0.25 : 0;
            const auto at = [&](double z, double l, double theta) { return value_of(c, z, l, theta, y[i], size[i]); };
            value += at(z, l, log_theta);
            const double r = mean_of(c, z, size[i]) - double(y[i]), h = 1e-5;
            squares += r * r;
            const double slope = factor * (at(z + h, l, log_theta) - at(z - h, l, log_theta)) / (2 * h);
            const double rounding = 1e-9 * std::fabs(at(z, l, log_theta)) / h;
            CHECK_CLOSE(got.d[i], slope, 2e-6 + 2e-6 * std::fabs(slope) + 1e-5 * rounding);
            slopes[0] += slope;
            const double by_theta = (at(z, l, log_theta + h) - at(z, l, log_theta - h)) / (2 * h);
            theta_slope += factor * by_theta;
            if (c.kind != Kind::kInflated) continue;
            const double inflation = factor * (at(z, l + h, log_theta) - at(z, l - h, log_theta)) / (2 * h);
            CHECK_CLOSE(got.d[rows + i], inflation, 2e-6 + 1e-5 * rounding);
            slopes[1] += inflation;
          }
          CHECK(std::isfinite(value) && std::isfinite(theta_slope));
          CHECK_CLOSE(got.sums.value, value, 1e-6 * std::fabs(value));
          CHECK_CLOSE(got.sums.squared_error, squares, 2e-6 * squares);
          CHECK_CLOSE(got.sums.gradient, slopes[0], 1e-5 * std::fabs(slopes[0]) + 1e-3);
          CHECK(got.sums.gradient == got.head_gradients[0]);
          if (c.kind == Kind::kInflated) CHECK_CLOSE(got.head_gradients[1], slopes[1], 1e-3);
          if (dispersed) {
            CHECK_CLOSE(loss->parameters()[0]->gradient[1], 1 + theta_slope, 1e-5 * std::fabs(theta_slope) + 1e-3);
            CHECK(loss->parameters()[0]->gradient[0] == 0);
            column_of(*loss.loss, o, bias, y, dense, factor, 2, false);
            CHECK(loss->parameters()[0]->gradient[2] == 0);  // not asked for
          }
        }
        for (size_t i = 0; i < 8; ++i) {
          std::vector<float> shown(o.begin(), o.begin() + 200);
          loss->reconstruct(i, 200, shown.data());
          for (size_t k = 0; k < 200; ++k) {
            const double mean = mean_of(c, o[k], size[i]);
            CHECK_CLOSE(shown[k], mean, 1e-6 * mean);
          }
        }
        loss->begin_decoding(2);
        std::vector<float> decoded(o.begin(), o.begin() + 1);
        loss->reconstruct(1, 1, decoded.data());
        CHECK_CLOSE(decoded[0], mean_of(c, o[0], 1), 1e-6 * mean_of(c, o[0], 1));
      }
    }
  }
}

TEST(losses_of_counts_stay_finite) {
  for (const Case& c : kCases) {
    for (const bool library : {false, true}) {
      for (const float log_theta : {-1e4f, -20.0f, 0.0f, 20.0f, 1e4f}) {
        std::string text = c.text;
        if (library) text.insert(text.size() - 1, ", \"size\": \"library\"");
        const MadeLoss loss(text, Shape::flat(1));
        for (Parameter* parameter : loss->parameters()) parameter->value[0] = log_theta;
        const std::vector<float> ends{-1e6f, -100, -15, 0, 15, 100, 1e6f};
        std::vector<float> o, logits, y;
        for (const float end : ends) {
          for (const float logit : ends) {
            for (const float target : {0.0f, 1e-30f, 0.5f, 1.0f, 1e6f, 1e9f}) {
              o.push_back(end);
              logits.push_back(logit);
              y.push_back(target);
            }
          }
        }
        std::vector<std::vector<float>> matrix;
        for (const float target : y) matrix.push_back({target});
        loss->begin(make_batch(matrix, 1, 0, 0));
        if (loss->heads() == 2) o.insert(o.end(), logits.begin(), logits.end());
        for (const bool dense : {false, true}) {
          const ColumnResult got = column_of(*loss.loss, o, {}, y, dense, 1, 0, true);
          CHECK(std::isfinite(got.sums.value) && std::isfinite(got.sums.squared_error));
          CHECK(std::isfinite(got.sums.gradient) && std::isfinite(got.head_gradients.back()));
          for (const float d : got.d) CHECK(std::isfinite(d));
          for (Parameter* parameter : loss->parameters()) CHECK(std::isfinite(parameter->gradient[0]));
        }
      }
    }
  }
}

TEST(losses_of_counts_refuse_what_is_no_count) {
  for (const Case& c : kCases) {
    const MadeLoss loss(c.text, Shape::flat(2));
    loss->begin(make_batch({{0, 1}, {3, 0.5f}}, 2, 0, 0));
    for (const float bad : {-1.0f, NAN, INFINITY}) {
      CHECK_THROWS(loss->begin(make_batch({{0, 1}, {3, bad}}, 2, 0, 0)), NRW_INVALID_ARGUMENT);
    }
  }
  CHECK_THROWS(MadeLoss("{\"kind\": \"poisson\", \"size_scale\": 0}", Shape::flat(2)), NRW_INVALID_ARGUMENT);
}

// With a dispersion that is an output, and with shares by softmax: outputs of any size, and rows without counts.
TEST(losses_of_counts_with_more_outputs_stay_finite) {
  const std::string shares = "\"link\": \"softmax\", \"size\": \"library\"", output = "\"dispersion\": \"output\"";
  for (const std::string kind : {"negative_binomial", "zero_inflated_negative_binomial"}) {
    for (const std::string& more : {output, output + ", \"clamp\": \"dca\"", shares, shares + ", " + output}) {
      const MadeLoss loss("{\"kind\": \"" + kind + "\", " + more + "}", Shape::flat(2));
      const std::vector<float> ends{-1e6f, -100, 0, 100, 1e6f};
      std::vector<std::vector<float>> heads(3), matrix;
      for (const float end : ends) {
        for (const float second : ends) {
          for (const float target : {0.0f, 1.0f, 0.5f, 1e6f}) {
            matrix.push_back({target, target == 1 ? 3.0f : 0.0f});
            heads[0].push_back(end);
            heads[1].push_back(second);
            heads[2].push_back(-end);
          }
        }
      }
      std::vector<float> o, y;
      for (size_t head = 0; head < loss->heads(); ++head) o.insert(o.end(), heads[head].begin(), heads[head].end());
      for (const auto& row : matrix) y.push_back(row[0]);
      loss->begin(make_batch(matrix, 2, 0, 0));
      for (unsigned walk = 0; walk < loss->walks(true); ++walk) {
        loss->begin_walk(y.size(), 1);
        for (const uint32_t column : {0u, 1u}) {
          std::vector<float> space = o;
          loss->walk_column(walk, 0, {.column = column, .rows = y.size(), .o = space.data(), .head_stride = y.size()});
        }
        loss->end_walk(walk);
      }
      for (const bool dense : {false, true}) {
        const ColumnResult got = column_of(*loss.loss, o, {}, y, dense, 1, 0, true);
        CHECK(std::isfinite(got.sums.value) && std::isfinite(got.sums.squared_error));
        for (const double gradient : got.head_gradients) CHECK(std::isfinite(gradient));
        for (const float d : got.d) CHECK(std::isfinite(d));
      }
      std::vector<float> shown = heads[0];
      for (size_t i = 0; i < shown.size(); ++i) loss->reconstruct(i, 1, &shown[i]);
      for (const float mean : shown) CHECK(std::isfinite(mean));
    }
  }
}

TEST(losses_of_counts_refuse_shares_of_nothing) {
  for (const std::string kind : {"negative_binomial", "zero_inflated_negative_binomial"}) {
    const auto heads = [&](const std::string& more) {
      const LossSpec spec = loss_spec(Json::parse("{\"kind\": \"" + kind + "\"" + more + "}"));
      return spec.type->heads(spec.settings);
    };
    CHECK(heads("") == (kind == "negative_binomial" ? 1u : 2u));
    CHECK_THROWS(heads(", \"link\": \"softmax\""), NRW_INVALID_ARGUMENT);
    CHECK_THROWS(heads(", \"link\": \"softmax\", \"size\": \"library\", \"clamp\": \"dca\""), NRW_INVALID_ARGUMENT);
    CHECK(heads(", \"link\": \"softmax\", \"size\": \"library\"") == heads(""));
  }
}
