// Binary cross-entropy of logits, as PyTorch's BCEWithLogitsLoss: log(1 + e^o) - o y, for targets y in [0, 1]. The
// reconstruction is the probability 1 / (1 + e^-o).
#pragma once

#include "kernels/elementary.h"
#include "losses/loss_type.h"

namespace nrw {

extern const LossType binary_cross_entropy_type;

class BinaryCrossEntropy final : public Loss {
 public:
  explicit BinaryCrossEntropy(const Kernels& kernels) : elementary_(elementary_kernels(kernels)) {}
  void begin(const Batch& batch) override;
  LossSums column(const LossColumn& column, double* head_gradients) noexcept override;
  FitTerms fit_terms(uint32_t column, size_t n, const float* values) const noexcept override;
  double mean_loss(uint32_t column, double rows, double sum) const noexcept override;
  void reconstruct(size_t row, size_t n, float* o) const noexcept override;

 private:
  const ElementaryKernels& elementary_;
};

}  // namespace nrw
