#include "losses/spectral.h"

#include <algorithm>
#include <cmath>

#include "base/status.h"
#include "losses/mse_share.h"
#include "losses/reduction.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {
    {.name = "fft_sizes",
     .type = Field::Type::kCounts,
     .about = "numbers of values of the windows, a resolution each: powers of 2, at most the length of the signals",
     .fallback = "[64, 128, 256]",
     .minimum = 4,
     .maximum = 65536},
    {.name = "hop_share",
     .type = Field::Type::kNumber,
     .about = "the step from one window to the next, as a share of the window's size",
     .fallback = "0.25",
     .minimum = 0.01,
     .maximum = 1},
    {.name = "log_share",
     .type = Field::Type::kNumber,
     .about =
         "share of the differences of the magnitudes' logarithms; the rest is the norm of the magnitudes' differences "
         "over the norm of the targets' magnitudes",
     .fallback = "0.5",
     .minimum = 0,
     .maximum = 1},
    {.name = "floor",
     .type = Field::Type::kNumber,
     .about =
         "its square is added to squared magnitudes, so that magnitudes far below it count as silence; in units of a "
         "magnitude, which for noise is its standard deviation times the root of 3/8 of the window's size",
     .fallback = "0.001",
     .minimum = 1e-6},
    kMseShare,
    kReduction};

size_t length_of(const Shape& shape) { return shape.sizes[shape.dimensions - 1]; }

void check(const Settings& settings, const Shape& shape) {
  settings.require(shape.dimensions <= 2, "kind",
                   "spectral compares signals, got rows of shape " + shape.text() +
                       "; data.shape must be [length] or [channels, length]");
  for (const uint32_t size : settings.counts("fft_sizes")) {
    settings.require((size & (size - 1)) == 0, "fft_sizes", format("must be powers of 2, got %u", size));
    settings.require(size <= length_of(shape), "fft_sizes",
                     format("must be at most the length of the signals, %zu, got %u", length_of(shape), size));
  }
}

std::unique_ptr<Loss> make(const LossContext& context) {
  return std::make_unique<Spectral>(context.settings, context.shape);
}

}  // namespace

const LossType spectral_type = {
    .name = "spectral",
    .about =
        "for signals: differences of the magnitudes of short-time spectra at several resolutions (Yamamoto et al. "
        "2020), mixed with the mean squared error; reduction: mean is then the mean over rows",
    .fields = kFields,
    .separable = false,
    .quadratic = false,
    .make = make,
    .check = check,
    .link = "identity"};

Spectral::Spectral(const Settings& settings, const Shape& shape)
    : log_share_(settings.number("log_share")),
      mse_share_(settings.number("mse_share")),
      channels_(shape.size() / length_of(shape)),
      length_(length_of(shape)) {
  for (const uint32_t size : settings.counts("fft_sizes")) {
    const double hop = std::round(settings.number("hop_share") * size);
    resolutions_.emplace_back(length_, size, std::max<size_t>(1, static_cast<size_t>(hop)), settings.number("floor"));
  }
}

size_t Spectral::row_workspace() const noexcept {
  size_t most = 0;
  for (const Spectrogram<float>& each : resolutions_) most = std::max(most, each.workspace());
  return most;
}

double Spectral::row(const LossRow& row) noexcept {
  const double share = (1 - mse_share_) / static_cast<double>(channels_ * resolutions_.size());
  double value = 0;
  if (row.d_o != nullptr) std::fill_n(row.d_o, channels_ * length_, 0.0f);
  for (size_t channel = 0; channel < channels_; ++channel) {
    const size_t at = channel * length_;
    float* const d_o = row.d_o == nullptr ? nullptr : row.d_o + at;
    for (const Spectrogram<float>& each : resolutions_) {
      value += share * each(row.o + at, row.target + at, log_share_, row.factor * share, d_o, row.workspace);
    }
  }
  return value + mse_part(mse_share_, channels_ * length_, row.o, row.target, row.factor, row.d_o);
}

}  // namespace nrw
