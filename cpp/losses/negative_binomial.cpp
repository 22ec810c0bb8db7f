#include "losses/negative_binomial.h"

#include <cmath>

#include "losses/gamma.h"
#include "losses/links.h"
#include "losses/reduction.h"

namespace nrw {

namespace {

constexpr Field kLink = {.name = "link",
                         .type = Field::Type::kWord,
                         .about = "the function that makes the means of the outputs",
                         .fallback = "\"exp\"",
                         .words = "exp softplus"};
constexpr Field kClamp = {
    .name = "clamp",
    .type = Field::Type::kWord,
    .about =
        "the range of the means, before they are multiplied by a row's size, and of theta; scvi: 1e-8 to 1e8 for "
        "both, the former being the number that scVI adds to them; dca: 1e-5 to 1e6 and 1e-4 to 1e4, as DCA clips "
        "them. Beyond, they count as the nearest end",
    .fallback = "\"scvi\"",
    .words = "scvi dca"};
constexpr Field kFields[] = {kLink, kClamp, kSizeField, kSizeScaleField, kReduction};

bool dca(const Settings& settings) { return settings.word("clamp") == "dca"; }

uint32_t two_heads(const Settings&) { return 2; }

std::vector<TensorSpec> tensors(const Settings&, const Shape& shape) {
  return {{.name = "log_theta", .sizes = {static_cast<uint32_t>(shape.size())}}};
}

std::unique_ptr<Loss> make_plain(const LossContext& context) {
  return std::make_unique<NegativeBinomial>(context, false);
}
std::unique_ptr<Loss> make_inflated(const LossContext& context) {
  return std::make_unique<NegativeBinomial>(context, true);
}

}  // namespace

const LossType negative_binomial_type = {
    .name = "negative_binomial",
    .about =
        "negative log-likelihood of counts under negative binomial distributions, with an inverse dispersion theta "
        "for each column that is trained as loss.log_theta",
    .fields = kFields,
    .separable = true,
    .quadratic = false,
    .heads = one_head,
    .tensors = tensors,
    .make = make_plain,
    .likelihood = true};

const LossType zero_inflated_negative_binomial_type = {
    .name = "zero_inflated_negative_binomial",
    .about =
        "negative_binomial with an additional probability of 0, whose logits are a second output of each column, "
        "after all first ones: {linear: output} has twice as many outputs as the data have columns. The "
        "reconstruction is the mean without the additional zeros",
    .fields = kFields,
    .separable = true,
    .quadratic = false,
    .heads = two_heads,
    .tensors = tensors,
    .make = make_inflated,
    .likelihood = true};

NegativeBinomial::NegativeBinomial(const LossContext& context, bool inflated)
    : inflated_(inflated),
      lowest_theta_(dca(context.settings) ? 1e-4 : 1e-8),
      highest_theta_(dca(context.settings) ? 1e4 : 1e8),
      mean_(context.kernels, context.settings,
            context.settings.word("link") == "exp" ? CountMean::Link::kExp : CountMean::Link::kSoftplus,
            dca(context.settings) ? 1e-5 : 1e-8, dca(context.settings) ? 1e6 : 1e8),
      log_theta_(tensors(context.settings, context.shape).front()) {}

void NegativeBinomial::begin(const Batch& batch) {
  mean_.begin(batch, inflated_ ? "zero_inflated_negative_binomial" : "negative_binomial");
}

double NegativeBinomial::theta(uint32_t column) const noexcept {
  return std::min(highest_theta_, std::max(lowest_theta_, std::exp(static_cast<double>(log_theta_.value[column]))));
}

LossSums NegativeBinomial::column(const LossColumn& c, double* head_gradients) noexcept {
  constexpr size_t kRows = LossBlock::kRows;
  const ElementaryKernels& elementary = mean_.elementary();
  const double theta = this->theta(c.column);
  const double log_theta = std::log(theta);
  const RisingGamma rising(theta);
  const float t = static_cast<float>(theta), over = static_cast<float>(1 / theta);
  const float* const scale = mean_.scale();
  float mean[kRows], slope[kRows], ratio[kRows], log_ratio[kRows];
  float argument[kRows] = {}, keep[kRows], soft[kRows], rest[kRows], softer[kRows];

  // With L = log(1 + mu / theta): theta L, and for inflated zeros -log(p + (1 - p) e^(-theta L)).
  const auto zeros = [&](LossBlock& b) {
    mean_.make(b.n, b.o[0], scale == nullptr ? nullptr : b.scale, mean, slope);
    for (size_t i = 0; i < b.n; ++i) ratio[i] = mean[i] * over;
    elementary.log1p(b.n, ratio, log_ratio);
    for (size_t i = 0; i < b.n; ++i) {
      b.value[i] = t * log_ratio[i];
      b.d[0][i] = slope[i] / (1 + ratio[i]);
      b.extra[i] = t * (log_ratio[i] - ratio[i] / (1 + ratio[i]));
      b.square[i] = mean[i] * mean[i];
    }
    if (!inflated_) return;
    // l the logit: softplus(-l) - softplus(-l - theta L).
    for (size_t i = 0; i < b.n; ++i) argument[i] = -b.o[1][i];
    sigmoid_softplus(elementary, b.n, argument, keep, soft);
    for (size_t i = 0; i < b.n; ++i) argument[i] -= b.value[i];
    sigmoid_softplus(elementary, b.n, argument, rest, softer);
    for (size_t i = 0; i < b.n; ++i) {
      b.value[i] = soft[i] - softer[i];
      b.d[0][i] *= rest[i];
      b.extra[i] *= rest[i];
      b.d[1][i] = rest[i] - keep[i];
    }
  };
  // Few, and sums of large numbers that nearly cancel: in double.
  const auto entries = [&](LossBlock& b) {
    zeros(b);
    for (size_t i = 0; i < b.n; ++i) {
      if (b.target[i] == 0) continue;
      const double mu = static_cast<double>(mean[i]), y = static_cast<double>(b.target[i]);
      const double d_mu = static_cast<double>(slope[i]), share = (theta + y) / (theta + mu);
      const double log_one = std::log1p(mu / theta);
      const RisingGamma::Value gamma = rising.at(y);
      double value = (theta + y) * log_one + y * (log_theta - std::log(mu)) + log_factorial(y) - gamma.log;
      b.d[0][i] = static_cast<float>(d_mu * share - d_mu / mu * y);
      b.extra[i] = static_cast<float>(theta * (log_one - 1 + share - gamma.slope));
      b.square[i] = static_cast<float>((mu - y) * (mu - y));
      if (inflated_) {  // -log(1 - p) more
        const double l = static_cast<double>(b.o[1][i]), e = std::exp(-std::fabs(l));
        value += std::max(l, 0.0) + std::log1p(e);
        b.d[1][i] = static_cast<float>((l >= 0 ? 1 : e) / (1 + e));
      }
      b.value[i] = static_cast<float>(value);
    }
  };
  const BlockSums sums = by_blocks(c, heads(), scale, true, head_gradients, zeros, entries);
  if (c.parameters) log_theta_.gradient[c.column] += static_cast<float>(c.factor * sums.extra);
  return sums.sums;
}

// With inflation, too: a perfect reconstruction has no inflation where a value is not 0 and needs none where it is.
FitTerms NegativeBinomial::fit_terms(uint32_t column, size_t n, const float* values) const noexcept {
  const double theta = this->theta(column), log_theta = std::log(theta);
  const RisingGamma rising(theta);
  FitTerms sums;
  for (size_t i = 0; i < n; ++i) {
    const double y = static_cast<double>(values[i]);
    if (y == 0) continue;
    const double constant = log_factorial(y) - rising.at(y).log;
    sums.perfect += (theta + y) * std::log1p(y / theta) + y * (log_theta - std::log(y)) + constant;
    sums.constant += constant;
  }
  return sums;
}

double NegativeBinomial::mean_loss(uint32_t column, double rows, double sum) const noexcept {
  if (!(sum > 0)) return 0;
  const double theta = this->theta(column), mean = sum / rows;
  return (rows * theta + sum) * std::log1p(mean / theta) + sum * (std::log(theta) - std::log(mean));
}

}  // namespace nrw
