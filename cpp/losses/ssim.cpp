#include "losses/ssim.h"

#include <algorithm>

#include "base/status.h"
#include "losses/mse_share.h"
#include "losses/reduction.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {
    {.name = "window",
     .type = Field::Type::kCount,
     .about = "side of the square windows that are compared, in pixels; odd, and at most height and width",
     .fallback = "11",
     .minimum = 3,
     .maximum = 63},
    {.name = "range",
     .type = Field::Type::kNumber,
     .about = "difference between the largest and the smallest value that a pixel may have, after the transforms",
     .fallback = "1",
     .minimum = 0,
     .above = true},
    kMseShare,
    kReduction};

size_t height(const Shape& shape) { return shape.sizes[shape.dimensions - 2]; }
size_t width(const Shape& shape) { return shape.sizes[shape.dimensions - 1]; }

void check(const Settings& settings, const Shape& shape) {
  settings.require(shape.dimensions >= 2, "kind",
                   "ssim compares images, got rows of shape " + shape.text() +
                       "; set data.shape to [height, width] or [channels, height, width]");
  const uint32_t window = settings.count("window");
  settings.require(window % 2 == 1, "window", format("must be odd, got %u", window));
  settings.require(
      window <= height(shape) && window <= width(shape), "window",
      format("must be at most height and width of the images, %zu x %zu, got %u", height(shape), width(shape), window));
}

std::unique_ptr<Loss> make(const LossContext& context) {
  return std::make_unique<Ssim>(context.settings, context.shape);
}

}  // namespace

const LossType ssim_type = {
    .name = "ssim",
    .about =
        "for images: 1 - their structural similarity (Wang et al. 2004), mixed with the mean squared error; "
        "reduction: mean is then the mean over rows",
    .fields = kFields,
    .separable = false,
    .quadratic = false,
    .make = make,
    .check = check,
    .link = "identity"};

Ssim::Ssim(const Settings& settings, const Shape& shape)
    : mse_share_(settings.number("mse_share")),
      channels_(shape.dimensions == 3 ? shape.channels() : 1),
      places_(height(shape) * width(shape)),
      structure_(height(shape), width(shape), settings.count("window"), settings.number("range")) {}

double Ssim::row(const LossRow& row) noexcept {
  const double share = (1 - mse_share_) / static_cast<double>(channels_);
  double value = 0;
  for (size_t channel = 0; channel < channels_; ++channel) {
    const size_t at = channel * places_;
    value += share * structure_(row.o + at, row.target + at, row.factor * share,
                                row.d_o == nullptr ? nullptr : row.d_o + at, row.workspace);
  }
  return value + mse_part(mse_share_, channels_ * places_, row.o, row.target, row.factor, row.d_o);
}

}  // namespace nrw
