// Negative log-likelihood of counts y under negative binomial distributions with mean mu and inverse dispersion theta,
// of variance mu + mu^2 / theta (Lopez et al., "Deep generative modeling for single-cell transcriptomics", Nature
// Methods 2018, and Eraslan et al., "Single-cell RNA-seq denoising using a deep count autoencoder", Nature
// Communications 2019):
//   (theta + y) log(1 + mu / theta) + y (log theta - log mu) + log Gamma(theta) + log y! - log Gamma(y + theta)
// The mean is a function of the first output, times what the row's size makes of it, or with softmax the row's number
// of counts times the softmax over its columns, as in scVI. theta is one number a column, the exponential of the
// trained tensor loss.log_theta, which starts at 0, or a function of a second output.
//
// With zero inflation a value is 0 with probability p + (1 - p) NB(0), where the logit of p is the last output of the
// column; the first one's mean, without the inflation, is the reconstruction.
#pragma once

#include "losses/count_mean.h"
#include "losses/row_softmax.h"

namespace nrw {

extern const LossType negative_binomial_type, zero_inflated_negative_binomial_type;

class NegativeBinomial final : public Loss {
 public:
  NegativeBinomial(const LossContext& context, bool inflated);
  uint32_t heads() const noexcept override { return 1 + (by_output_ ? 1 : 0) + (inflated_ ? 1 : 0); }
  void begin(const Batch& batch) override;
  void begin_decoding(uint32_t rows) override { mean_.begin_decoding(rows); }
  unsigned walks(bool derivatives) const noexcept override { return !shares_ ? 0 : derivatives ? 2 : 1; }
  void begin_walk(size_t rows, size_t groups) override;
  void walk_column(unsigned walk, size_t group, const LossColumn& column) noexcept override;
  void end_walk(unsigned walk) noexcept override;
  LossSums column(const LossColumn& column, double* head_gradients) noexcept override;
  FitTerms fit_terms(uint32_t column, size_t n, const float* values) const noexcept override;
  double mean_loss(uint32_t column, double rows, double sum) const noexcept override;
  void reconstruct(size_t row, size_t n, float* o) const noexcept override {
    mean_.reconstruct(row, n, o, shares_ ? softmax_.log_sum()[row] : 0);
  }
  std::vector<Parameter*> parameters() override;

 private:
  LossSums terms(const LossColumn& column, double* head_gradients, RowTerms shared) noexcept;
  double theta(uint32_t column) const noexcept;

  const bool inflated_, by_output_, shares_;  // by_output_: theta; shares_: the link is softmax
  const double lowest_theta_, highest_theta_;
  CountMean mean_, theta_;  // theta_: of an output
  RowSoftmax softmax_;
  bool pulled_ = false;  // whether softmax_ has what derivatives need
  Parameter log_theta_;
};

}  // namespace nrw
