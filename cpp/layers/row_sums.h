// Sums and maxima over the values of a row, in an order that vectors of numbers can take.
#pragma once

#include <cstddef>

namespace nrw {

// The sum of term(j) over j < n.
template <class Term>
double sum_by_lanes(size_t n, Term&& term) noexcept {
  constexpr size_t kLanes = 8;
  double lanes[kLanes] = {}, sum = 0;
  size_t j = 0;
  for (; j + kLanes <= n; j += kLanes) {
    for (size_t k = 0; k < kLanes; ++k) lanes[k] += term(j + k);
  }
  for (; j < n; ++j) sum += term(j);
  for (const double lane : lanes) sum += lane;
  return sum;
}

// The largest of n > 0 values. NaN is passed over, unless it is the first value.
inline float largest_of(size_t n, const float* x) noexcept {
  constexpr size_t kLanes = 8;
  float lanes[kLanes], largest = x[0];
  for (float& lane : lanes) lane = x[0];
  size_t j = 0;
  for (; j + kLanes <= n; j += kLanes) {
    for (size_t k = 0; k < kLanes; ++k) lanes[k] = x[j + k] > lanes[k] ? x[j + k] : lanes[k];
  }
  for (; j < n; ++j) largest = x[j] > largest ? x[j] : largest;
  for (const float lane : lanes) largest = lane > largest ? lane : largest;
  return largest;
}

}  // namespace nrw
