// Negative log-likelihood of counts y under Poisson distributions with mean mu = e^o: mu - y log mu + log y!, as
// PyTorch's PoissonNLLLoss(log_input=True) with the exact log y!, which PyTorch leaves out or approximates.
#pragma once

#include "losses/count_mean.h"

namespace nrw {

extern const LossType poisson_type;

class Poisson final : public Loss {
 public:
  explicit Poisson(const LossContext& context);
  void begin(const Batch& batch) override { mean_.begin(batch, "poisson"); }
  void begin_decoding(uint32_t rows) override { mean_.begin_decoding(rows); }
  LossSums column(const LossColumn& column, double* head_gradients) noexcept override;
  FitTerms fit_terms(uint32_t column, size_t n, const float* values) const noexcept override;
  double mean_loss(uint32_t column, double rows, double sum) const noexcept override;
  void reconstruct(size_t row, size_t n, float* o) const noexcept override { mean_.reconstruct(row, n, o); }

 private:
  CountMean mean_;
};

}  // namespace nrw
