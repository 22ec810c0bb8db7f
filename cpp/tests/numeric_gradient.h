// Gradients by central differences, to hold a layer's backward pass against.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "base/philox.h"
#include "check.h"

namespace nrw::check {

// Values in [-1, 1), a function of (seed, index).
template <class T>
std::vector<T> random_values(size_t n, uint64_t seed) {
  std::vector<T> all(n);
  for (size_t i = 0; i < n; ++i) all[i] = static_cast<T>(2 * uniform(draw(seed, Purpose::kInit, 0, i)[0]) - 1);
  return all;
}

// (loss(x + h) - loss(x - h)) / 2h.
template <class T, class Loss>
double slope_at(T& x, double h, Loss&& loss) {
  const T before = x;
  x = static_cast<T>(before + h);
  const double up = loss(), above = x;
  x = static_cast<T>(before - h);
  const double down = loss(), below = x;
  x = before;
  return (up - down) / (above - below);
}

// `gradient` of the n values at x against their slopes, one value at a time. The tolerance is relative to the largest
// slope.
template <class T, class Loss>
void check_gradient(const char* what, T* x, const T* gradient, size_t n, double h, double tolerance, Loss&& loss) {
  std::vector<double> slope(n);
  double largest = 0;
  for (size_t i = 0; i < n; ++i) {
    slope[i] = slope_at(x[i], h, loss);
    largest = std::fmax(largest, std::fabs(slope[i]));
  }
  CHECK(n > 0 && largest > 0);
  for (size_t i = 0; i < n; ++i) {
    if (!(std::fabs(gradient[i] - slope[i]) <= tolerance * largest)) {
      failed(what, static_cast<int>(i), format("gradient %.9g, slope %.9g", double(gradient[i]), slope[i]));
    }
  }
}

// sum of c * y: a loss whose gradient to y is c.
template <class T>
double weighted(const std::vector<T>& c, const T* y) {
  double sum = 0;
  for (size_t i = 0; i < c.size(); ++i) sum += double(c[i]) * double(y[i]);
  return sum;
}

}  // namespace nrw::check
