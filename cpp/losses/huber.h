// Huber's loss, as PyTorch's HuberLoss: with r = reconstruction - target it is r^2 / 2 where |r| <= delta and delta
// (|r| - delta / 2) beyond.
#pragma once

#include "losses/loss_type.h"

namespace nrw {

extern const LossType huber_type;

class Huber final : public Loss {
 public:
  explicit Huber(double delta) : delta_(static_cast<float>(delta)) {}
  LossSums column(const LossColumn& column, double* head_gradients) noexcept override;

 private:
  const float delta_;
};

}  // namespace nrw
