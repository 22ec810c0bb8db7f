// Gauss's quadrature of a measure on the real line, from its moments.
#pragma once

#include <cstddef>

namespace nrw {

// The sum of f over the measure is about the sum of weight[k] f(place[k]), exact for polynomials f of degree
// 2 count - 1. Nodes that are not there have no weight.
class Quadrature {
 public:
  static constexpr size_t kMost = 3;

  // moment: sum g y^i, i = 0 ... 2 most - 1, of weights g at y, sum g > 0; most: 2 or 3. The origin of y is to be near
  // its points, as seen from their distances. A measure that has fewer points, or as good as fewer, gets fewer nodes.
  Quadrature(const double* moment, size_t most) noexcept;

  double place[kMost] = {}, weight[kMost] = {};
  size_t count = 0;

 private:
  void add(double at, double of) noexcept {
    place[count] = at;
    weight[count++] = of;
  }
  bool three(double mean, double total, double m2, double a, double b, double norm) noexcept;
};

}  // namespace nrw
