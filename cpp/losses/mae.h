// Absolute error: the sum over rows and columns of |reconstruction - target|, as PyTorch's L1Loss. Its derivative at 0
// is 0.
#pragma once

#include "losses/loss_type.h"

namespace nrw {

extern const LossType mae_type;

class AbsoluteError final : public Loss {
 public:
  LossSums column(const LossColumn& column, double* head_gradients) noexcept override;
};

}  // namespace nrw
