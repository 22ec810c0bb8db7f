// The logarithm of the gamma function and its derivative, for arguments above 0, in double: z is raised to 8 or more by
// Gamma(z + 1) = z Gamma(z), and there Stirling's series (Abramowitz and Stegun, 6.1.41 and 6.3.18) has an error below
// 1e-11. std::lgamma writes to a global and so cannot be called by several threads.
#pragma once

#include <cmath>

namespace nrw {

inline double log_gamma(double z) noexcept {
  double product = 1;
  for (; z < 8; z += 1) product *= z;
  const double r = 1 / z, s = r * r;
  const double series = r * (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s / 1188))));
  return (z - 0.5) * std::log(z) - z + 0.91893853320467274178 + series - std::log(product);
}

inline double digamma(double z) noexcept {
  double sum = 0;
  for (; z < 8; z += 1) sum -= 1 / z;
  const double r = 1 / z, s = r * r;
  return sum + std::log(z) - r / 2 - s * (1.0 / 12 - s * (1.0 / 120 - s * (1.0 / 252 - s * (1.0 / 240 - s / 132))));
}

// log Gamma(x + theta) - log Gamma(theta) for theta above 0 and x >= 0, and its derivative to theta. Whole x up to 16,
// which are most counts, are products.
struct Rise {
  double log = 0, slope = 0;
};

inline bool is_few(double x) noexcept { return x <= 16 && x == std::floor(x); }

inline Rise few_rise(double theta, double x) noexcept {
  double product = 1, slope = 0;
  for (double k = 0; k < x; k += 1) {
    product *= theta + k;
    slope += 1 / (theta + k);
  }
  return {std::log(product), slope};
}

inline Rise rising_gamma(double theta, double x) noexcept {
  if (is_few(x)) return few_rise(theta, x);
  return {log_gamma(x + theta) - log_gamma(theta), digamma(x + theta) - digamma(theta)};
}

// The same for one theta and many x.
class RisingGamma {
 public:
  explicit RisingGamma(double theta) noexcept : theta_(theta), log_(log_gamma(theta)), slope_(digamma(theta)) {}
  Rise at(double x) const noexcept {
    if (is_few(x)) return few_rise(theta_, x);
    return {log_gamma(x + theta_) - log_, digamma(x + theta_) - slope_};
  }

 private:
  double theta_, log_, slope_;
};

// log x! for x >= 0: Gamma(x + 1) of numbers that are not whole.
inline double log_factorial(double x) noexcept {
  if (is_few(x)) {
    double product = 1;
    for (double k = 2; k <= x; k += 1) product *= k;
    return std::log(product);
  }
  return log_gamma(x + 1);
}

}  // namespace nrw
