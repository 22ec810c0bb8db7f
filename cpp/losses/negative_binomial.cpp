#include "losses/negative_binomial.h"

#include <cmath>

#include "losses/gamma.h"
#include "losses/links.h"
#include "losses/reduction.h"

namespace nrw {

namespace {

constexpr Field kLink = {
    .name = "link",
    .type = Field::Type::kWord,
    .about =
        "the function that makes the means of the outputs; softmax: the softmax over all columns of a row, "
        "times the row's number of counts, as scVI has it. It needs size: library, and a step goes "
        "over the output layer's weights two more times, an evaluation one more time",
    .fallback = "\"exp\"",
    .words = "exp softplus softmax"};
constexpr Field kDispersion = {
    .name = "dispersion",
    .type = Field::Type::kWord,
    .about =
        "column: one theta for each column, trained as loss.log_theta; output: one for each value, as DCA has it and "
        "scVI's "
        "gene-cell, which is a second output of each column, after all first ones: e^output, or with clamp: dca "
        "log(1 + e^output)",
    .fallback = "\"column\"",
    .words = "column output"};
constexpr Field kClamp = {
    .name = "clamp",
    .type = Field::Type::kWord,
    .about =
        "the range of the means, before they are multiplied by a row's size, and of theta; scvi: 1e-8 to 1e8 for "
        "both, the former being the number that scVI adds to them; dca: 1e-5 to 1e6 and 1e-4 to 1e4, as DCA clips "
        "them. Beyond, they count as the nearest end",
    .fallback = "\"scvi\"",
    .words = "scvi dca"};
constexpr Field kFields[] = {kLink, kDispersion, kClamp, kSizeField, kSizeScaleField, kReduction};

bool dca(const Settings& settings) { return settings.word("clamp") == "dca"; }

bool by_output(const Settings& settings) { return settings.word("dispersion") == "output"; }

// Refuses what does not go together: everything that plans a network asks for its heads.
uint32_t plain_heads(const Settings& settings) {
  if (settings.word("link") == "softmax") {
    settings.require(settings.word("size") == "library", "link",
                     "softmax gives shares of a row's counts and needs size: library");
    settings.require(!dca(settings), "clamp",
                     "must be scvi with link: softmax, whose shares are below 1e-5 for many columns");
  }
  return by_output(settings) ? 2 : 1;
}
uint32_t inflated_heads(const Settings& settings) { return plain_heads(settings) + 1; }

TensorSpec theta_tensor(const Shape& shape) {
  return {.name = "log_theta", .sizes = {static_cast<uint32_t>(shape.size())}};
}
std::vector<TensorSpec> tensors(const Settings& settings, const Shape& shape) {
  if (by_output(settings)) return {};
  return {theta_tensor(shape)};
}

CountMean::Link link_of(const Settings& settings) {
  const std::string& word = settings.word("link");
  return word == "exp"        ? CountMean::Link::kExp
         : word == "softplus" ? CountMean::Link::kSoftplus
                              : CountMean::Link::kSoftmax;
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
    .about = "negative log-likelihood of counts under negative binomial distributions with inverse dispersions theta",
    .fields = kFields,
    .separable = true,
    .quadratic = false,
    .make = make_plain,
    .heads = plain_heads,
    .tensors = tensors,
    .likelihood = true,
    .link = "{link}"};

const LossType zero_inflated_negative_binomial_type = {
    .name = "zero_inflated_negative_binomial",
    .about =
        "negative_binomial with an additional probability of 0, whose logits are the last output of each column, "
        "after all others: {linear: output} has twice as many outputs as the data have columns, and three times as "
        "many "
        "with dispersion: output. The reconstruction is the mean without the additional zeros",
    .fields = kFields,
    .separable = true,
    .quadratic = false,
    .make = make_inflated,
    .heads = inflated_heads,
    .tensors = tensors,
    .likelihood = true,
    .link = "{link}"};

NegativeBinomial::NegativeBinomial(const LossContext& context, bool inflated)
    : inflated_(inflated),
      by_output_(by_output(context.settings)),
      shares_(link_of(context.settings) == CountMean::Link::kSoftmax),
      lowest_theta_(dca(context.settings) ? 1e-4 : 1e-8),
      highest_theta_(dca(context.settings) ? 1e4 : 1e8),
      mean_(context.kernels, context.settings, link_of(context.settings), dca(context.settings) ? 1e-5 : 1e-8,
            dca(context.settings) ? 1e6 : 1e8),
      theta_(context.kernels, context.settings,
             dca(context.settings) ? CountMean::Link::kSoftplus : CountMean::Link::kExp, lowest_theta_, highest_theta_),
      softmax_(mean_.elementary()),
      log_theta_(theta_tensor(context.shape)) {}

std::vector<Parameter*> NegativeBinomial::parameters() {
  if (by_output_) return {};
  return {&log_theta_};
}

void NegativeBinomial::begin(const Batch& batch) {
  mean_.begin(batch, inflated_ ? "zero_inflated_negative_binomial" : "negative_binomial");
  pulled_ = false;
}

void NegativeBinomial::begin_walk(size_t rows, size_t groups) { softmax_.begin(rows, groups); }

void NegativeBinomial::walk_column(unsigned walk, size_t group, const LossColumn& c) noexcept {
  if (walk == 0) {
    softmax_.add_outputs(group, c);
  } else {
    LossColumn rows = c;  // the rows' weights multiply the sums with all else
    rows.row_weight = nullptr;
    terms(rows, nullptr, {.shift = softmax_.log_sum()});
    softmax_.add_slopes(group, c.o);
  }
}

void NegativeBinomial::end_walk(unsigned walk) noexcept {
  if (walk == 0) {
    softmax_.end_outputs();
  } else {
    softmax_.end_slopes(mean_.scale());
    pulled_ = true;
  }
}

double NegativeBinomial::theta(uint32_t column) const noexcept {
  return std::min(highest_theta_, std::max(lowest_theta_, std::exp(static_cast<double>(log_theta_.value[column]))));
}

LossSums NegativeBinomial::column(const LossColumn& c, double* head_gradients) noexcept {
  return terms(c, head_gradients,
               {.shift = shares_ ? softmax_.log_sum() : nullptr, .pull = pulled_ ? softmax_.pull() : nullptr});
}

LossSums NegativeBinomial::terms(const LossColumn& c, double* head_gradients, RowTerms shared) noexcept {
  constexpr size_t kRows = LossBlock::kRows;
  const ElementaryKernels& elementary = mean_.elementary();
  const size_t logit = heads() - 1u;
  const double one_theta = by_output_ ? 1 : theta(c.column);
  const double one_log_theta = std::log(one_theta);
  const RisingGamma rising(one_theta);
  const float* const scale = mean_.scale();
  float mean[kRows], slope[kRows], ratio[kRows], log_ratio[kRows];
  shared.share = mean;
  float t[kRows], over[kRows], t_slope[kRows];  // theta, 1 / theta, and the derivative of theta to its output
  std::fill_n(t, kRows, static_cast<float>(one_theta));
  std::fill_n(over, kRows, static_cast<float>(1 / one_theta));
  float argument[kRows] = {}, keep[kRows], soft[kRows], rest[kRows], softer[kRows];

  // What is the same for all targets: extra, the derivative to log theta, at its output.
  const auto finish = [&](LossBlock& b) {
    for (size_t i = 0; by_output_ && i < b.n; ++i) b.d[1][i] = b.extra[i] * t_slope[i] * over[i];
  };
  // With L = log(1 + mu / theta): theta L, and for inflated zeros -log(p + (1 - p) e^(-theta L)).
  const auto as_zeros = [&](LossBlock& b) {
    mean_.make(b.n, b.o[0], scale == nullptr ? nullptr : b.scale, mean, slope);
    if (by_output_) {
      theta_.make(b.n, b.o[1], nullptr, t, t_slope);
      for (size_t i = 0; i < b.n; ++i) over[i] = 1 / t[i];
    }
    for (size_t i = 0; i < b.n; ++i) ratio[i] = mean[i] * over[i];
    elementary.log1p(b.n, ratio, log_ratio);
    for (size_t i = 0; i < b.n; ++i) {
      b.value[i] = t[i] * log_ratio[i];
      b.d[0][i] = slope[i] / (1 + ratio[i]);
      b.extra[i] = t[i] * (log_ratio[i] - ratio[i] / (1 + ratio[i]));
      b.square[i] = mean[i] * mean[i];
    }
    if (!inflated_) return;
    // l the logit: softplus(-l) - softplus(-l - theta L).
    for (size_t i = 0; i < b.n; ++i) argument[i] = -b.o[logit][i];
    sigmoid_softplus(elementary, b.n, argument, keep, soft);
    for (size_t i = 0; i < b.n; ++i) argument[i] -= b.value[i];
    sigmoid_softplus(elementary, b.n, argument, rest, softer);
    for (size_t i = 0; i < b.n; ++i) {
      b.value[i] = soft[i] - softer[i];
      b.d[0][i] *= rest[i];
      b.extra[i] *= rest[i];
      b.d[logit][i] = rest[i] - keep[i];
    }
  };
  const auto zeros = [&](LossBlock& b) {
    as_zeros(b);
    finish(b);
  };
  // Few, and sums of large numbers that nearly cancel: in double.
  const auto entries = [&](LossBlock& b) {
    as_zeros(b);
    for (size_t i = 0; i < b.n; ++i) {
      if (b.target[i] == 0) continue;
      const double mu = static_cast<double>(mean[i]), y = static_cast<double>(b.target[i]);
      const double theta = by_output_ ? static_cast<double>(t[i]) : one_theta;
      const double log_theta = by_output_ ? std::log(theta) : one_log_theta;
      const double d_mu = static_cast<double>(slope[i]), share = (theta + y) / (theta + mu);
      const double log_one = std::log1p(mu / theta);
      const Rise gamma = by_output_ ? rising_gamma(theta, y) : rising.at(y);
      double value = (theta + y) * log_one + y * (log_theta - std::log(mu)) + log_factorial(y) - gamma.log;
      b.d[0][i] = static_cast<float>(d_mu * share - d_mu / mu * y);
      b.extra[i] = static_cast<float>(theta * (log_one - 1 + share - gamma.slope));
      b.square[i] = static_cast<float>((mu - y) * (mu - y));
      if (inflated_) {  // -log(1 - p) more
        const double l = static_cast<double>(b.o[logit][i]), e = std::exp(-std::fabs(l));
        value += std::max(l, 0.0) + std::log1p(e);
        b.d[logit][i] = static_cast<float>((l >= 0 ? 1 : e) / (1 + e));
      }
      b.value[i] = static_cast<float>(value);
    }
    finish(b);
  };
  const BlockSums sums = by_blocks(c, heads(), scale, true, head_gradients, zeros, entries, shared);
  if (c.parameters && !by_output_) log_theta_.gradient[c.column] += static_cast<float>(c.factor * sums.extra);
  return sums.sums;
}

// With inflation, too: a perfect reconstruction has no inflation where a value is not 0 and needs none where it is.
// Where theta is an output, no reconstruction has a theta but the network's, so there is nothing to compare with.
FitTerms NegativeBinomial::fit_terms(uint32_t column, size_t n, const float* values) const noexcept {
  if (by_output_) return {};
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
  if (by_output_ || !(sum > 0)) return 0;
  const double theta = this->theta(column), mean = sum / rows;
  return (rows * theta + sum) * std::log1p(mean / theta) + sum * (std::log(theta) - std::log(mean));
}

}  // namespace nrw
