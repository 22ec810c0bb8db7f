// Structural similarity of images, mixed with squared error: of each channel 1 - SSIM as losses/structure.h has it, the
// mean of the channels.
#pragma once

#include "losses/loss_type.h"
#include "losses/structure.h"

namespace nrw {

extern const LossType ssim_type;

class Ssim final : public Loss {
 public:
  Ssim(const Settings& settings, const Shape& shape);
  bool separable() const noexcept override { return false; }
  LossSums column(const LossColumn&, double*) noexcept override { return {}; }
  double row(const LossRow& row) noexcept override;
  size_t row_workspace() const noexcept override { return structure_.workspace(); }

 private:
  const double mse_share_;
  const size_t channels_, places_;
  const Structure<float> structure_;
};

}  // namespace nrw
