#include "losses/poisson.h"

#include <cmath>

#include "losses/gamma.h"
#include "losses/reduction.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {kSizeField, kSizeScaleField, kReduction};

std::unique_ptr<Loss> make(const LossContext& context) { return std::make_unique<Poisson>(context); }

}  // namespace

const LossType poisson_type = {
    .name = "poisson",
    .about =
        "negative log-likelihood of counts under Poisson distributions; the outputs are the logarithms of their "
        "means, from log 1e-8 to log 1e8, beyond which they count as these",
    .fields = kFields,
    .separable = true,
    .quadratic = false,
    .make = make,
    .likelihood = true,
    .link = "exp"};

Poisson::Poisson(const LossContext& context)
    : mean_(context.kernels, context.settings, CountMean::Link::kExp, 1e-8, 1e8) {}

LossSums Poisson::column(const LossColumn& c, double* head_gradients) noexcept {
  float mean[LossBlock::kRows], slope[LossBlock::kRows];
  const float* const scale = mean_.scale();
  const auto zeros = [&](LossBlock& b) {
    mean_.make(b.n, b.o[0], scale == nullptr ? nullptr : b.scale, mean, slope);
    for (size_t i = 0; i < b.n; ++i) {
      b.value[i] = b.d[0][i] = mean[i];
      b.square[i] = mean[i] * mean[i];
    }
  };
  return by_blocks(c, 1, scale, false, head_gradients, zeros,
                   [&](LossBlock& b) {
                     zeros(b);
                     for (size_t i = 0; i < b.n; ++i) {
                       if (b.target[i] == 0) continue;
                       const double mu = static_cast<double>(mean[i]), y = static_cast<double>(b.target[i]);
                       b.value[i] = static_cast<float>(mu - y * std::log(mu) + log_factorial(y));
                       b.d[0][i] = static_cast<float>(mu - y);
                       b.square[i] = static_cast<float>((mu - y) * (mu - y));
                     }
                   })
      .sums;
}

FitTerms Poisson::fit_terms(uint32_t, size_t n, const float* values) const noexcept {
  FitTerms sums;
  for (size_t i = 0; i < n; ++i) {
    const double y = static_cast<double>(values[i]);
    if (y == 0) continue;
    const double constant = log_factorial(y);
    sums.perfect += y - y * std::log(y) + constant;
    sums.constant += constant;
  }
  return sums;
}

double Poisson::mean_loss(uint32_t, double rows, double sum) const noexcept {
  return sum > 0 ? sum - sum * std::log(sum / rows) : 0;
}

}  // namespace nrw
