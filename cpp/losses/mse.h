// Squared error: the sum over rows and columns of (reconstruction - target)^2.
#pragma once

#include "kernels/sparse.h"
#include "losses/loss_type.h"

namespace nrw {

extern const LossType mse_type;

class SquaredError final : public Loss {
 public:
  explicit SquaredError(const Kernels& kernels) : kernels_(kernels), sparse_(sparse_kernels(kernels)) {}
  LossSums column(const LossColumn& column, double* head_gradients) noexcept override;

 private:
  const Kernels& kernels_;
  const SparseKernels& sparse_;
};

}  // namespace nrw
