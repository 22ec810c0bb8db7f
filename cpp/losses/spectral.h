// Short-time spectra of signals at several resolutions, mixed with squared error: losses/spectrogram.h, the mean over
// channels and resolutions. A spectrum's magnitudes do not say a signal's sign, which the squared error does.
#pragma once

#include "losses/loss_type.h"
#include "losses/spectrogram.h"

namespace nrw {

extern const LossType spectral_type;

class Spectral final : public Loss {
 public:
  Spectral(const Settings& settings, const Shape& shape);
  bool separable() const noexcept override { return false; }
  LossSums column(const LossColumn&, double*) noexcept override { return {}; }
  double row(const LossRow& row) noexcept override;
  size_t row_workspace() const noexcept override;

 private:
  const double log_share_, mse_share_;
  const size_t channels_, length_;
  std::vector<Spectrogram<float>> resolutions_;
};

}  // namespace nrw
