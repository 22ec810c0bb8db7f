// The mean squared error of a row as a share of a loss that is about something else.
#pragma once

#include "base/settings.h"

namespace nrw {

constexpr Field kMseShare = {
    .name = "mse_share",
    .type = Field::Type::kNumber,
    .about = "the loss is mse_share times the mean squared error of the row, and 1 - mse_share times the rest",
    .fallback = "0.5",
    .minimum = 0,
    .maximum = 1};

// share times the mean of (o - target)^2 over n values; d_o (n, or NULL) += factor times its derivatives.
inline double mse_part(double share, size_t n, const float* o, const float* target, double factor,
                       float* d_o) noexcept {
  double sum = 0;
  const double each = share / static_cast<double>(n), slope = 2 * factor * each;
  for (size_t i = 0; i < n; ++i) {
    const double error = static_cast<double>(o[i]) - static_cast<double>(target[i]);
    sum += error * error;
    if (d_o != nullptr) d_o[i] += static_cast<float>(slope * error);
  }
  return each * sum;
}

}  // namespace nrw
