// Negative log-likelihood of counts y under negative binomial distributions with mean mu and inverse dispersion theta,
// of variance mu + mu^2 / theta (Lopez et al., "Deep generative modeling for single-cell transcriptomics", Nature
// Methods 2018, and Eraslan et al., "Single-cell RNA-seq denoising using a deep count autoencoder", Nature
// Communications 2019):
//   (theta + y) log(1 + mu / theta) + y (log theta - log mu) + log Gamma(theta) + log y! - log Gamma(y + theta)
// theta is one number a column: the exponential of the trained tensor loss.log_theta, which starts at 0.
//
// With zero inflation a value is 0 with probability p + (1 - p) NB(0), where the logit of p is a second output of the
// column; the first one's mean, without the inflation, is the reconstruction.
#pragma once

#include "losses/count_mean.h"

namespace nrw {

extern const LossType negative_binomial_type, zero_inflated_negative_binomial_type;

class NegativeBinomial final : public Loss {
 public:
  NegativeBinomial(const LossContext& context, bool inflated);
  uint32_t heads() const noexcept override { return inflated_ ? 2 : 1; }
  void begin(const Batch& batch) override;
  void begin_decoding(uint32_t rows) override { mean_.begin_decoding(rows); }
  LossSums column(const LossColumn& column, double* head_gradients) noexcept override;
  FitTerms fit_terms(uint32_t column, size_t n, const float* values) const noexcept override;
  double mean_loss(uint32_t column, double rows, double sum) const noexcept override;
  void reconstruct(size_t row, size_t n, float* o) const noexcept override { mean_.reconstruct(row, n, o); }
  std::vector<Parameter*> parameters() override { return {&log_theta_}; }

 private:
  double theta(uint32_t column) const noexcept;

  const bool inflated_;
  const double lowest_theta_, highest_theta_;
  CountMean mean_;
  Parameter log_theta_;
};

}  // namespace nrw
