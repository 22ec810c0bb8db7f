#include "layers/quadrature.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace nrw {

Quadrature::Quadrature(const double* moment, size_t most) noexcept {
  const double total = moment[0], mean = moment[1] / total, square = moment[2] / total, cube = moment[3] / total;
  // Central moments. The orthogonal polynomials are x, x^2 - a x - m2 and (x - b) (x^2 - a x - m2) - norm / m2 x.
  const double m2 = square - mean * mean, m3 = cube - mean * (3 * square - 2 * mean * mean);
  if (!(m2 > 1e-12 * square)) {
    add(mean, total);
    return;
  }
  const double a = m3 / m2;
  if (most == 3) {
    const double fourth = moment[4] / total, fifth = moment[5] / total;
    const double m4 = fourth - mean * (4 * cube - mean * (6 * square - 3 * mean * mean));
    const double m5 = fifth - mean * (5 * fourth - mean * (10 * cube - mean * (10 * square - 4 * mean * mean)));
    const double norm = m4 - m3 * a - m2 * m2;  // of the second: 0 where there are two points, but for rounding
    if (norm > 1e-6 * m2 * m2 && norm > 1e-12 * fourth) {
      const double b = (m5 - 2 * a * m4 + (a * a - 2 * m2) * m3 + 2 * a * m2 * m2) / norm;
      if (three(mean, total, m2, a, b, norm)) return;
      count = 0;
    }
  }
  weight[2] = 0;
  const double root = std::sqrt(0.25 * a * a + m2);
  const double high = a >= 0 ? 0.5 * a + root : m2 / (root - 0.5 * a), low = -m2 / high;
  add(mean + low, total * high / (high - low));
  add(mean + high, total * -low / (high - low));
}

// The zeros of the third polynomial, all real, in Viete's form; weights after Christoffel. False where rounding has
// made weights of them that cannot be.
bool Quadrature::three(double mean, double total, double m2, double a, double b, double norm) noexcept {
  const double quadratic = -(a + b), linear = a * b - m2 - norm / m2, constant = b * m2;
  const double shift = -quadratic / 3, p = linear - quadratic * quadratic / 3;
  const double q = shift * (shift * (shift + quadratic) + linear) + constant;
  const double radius = 2 * std::sqrt(std::max(0.0, -p / 3));
  const double angle = std::acos(std::clamp(radius > 0 ? -4 * q / (radius * radius * radius) : 0.0, -1.0, 1.0)) / 3;
  for (int k = 0; k < 3; ++k) {
    const double x = shift + radius * std::cos(angle - 2 * std::numbers::pi / 3 * k);
    const double slope = x * (3 * x + 2 * quadratic) + linear, second = x * (x - a) - m2;
    add(mean + x, total * norm / (slope * second));
    if (!(weight[k] > 0)) return false;
  }
  return true;
}

}  // namespace nrw
