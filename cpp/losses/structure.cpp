#include "losses/structure.h"

#include <algorithm>
#include <cmath>

namespace nrw {

template <class T>
Structure<T>::Structure(size_t height, size_t width, size_t window, double range)
    : height_(height),
      width_(width),
      window_(window),
      c1_(static_cast<T>(0.01 * range * 0.01 * range)),
      c2_(static_cast<T>(0.03 * range * 0.03 * range)),
      weight_(window) {
  constexpr double kDeviation = 1.5;
  std::vector<double> all(window);
  double sum = 0;
  for (size_t i = 0; i < window; ++i) {
    const double x = (static_cast<double>(i) - static_cast<double>(window - 1) / 2) / kDeviation;
    sum += all[i] = std::exp(-x * x / 2);
  }
  for (size_t i = 0; i < window; ++i) weight_[i] = static_cast<T>(all[i] / sum);
}

// A row of windows at a time. Its five moments are made by a sum over the rows of the image, then one along them; the
// derivatives to three of them go the same way back.
template <class T>
double Structure<T>::operator()(const T* x, const T* y, double factor, T* d_x, T* workspace) const noexcept {
  const size_t w = width_, places = width_ - window_ + 1, lines = height_ - window_ + 1;
  T* const sums = workspace;            // 5 x w: of x, y, x x, y y, x y
  T* const slopes = workspace + 5 * w;  // 3 x places: to the means of x, x x and x y
  T* const spread = workspace + 8 * w;  // 3 x w
  const double windows = static_cast<double>(places * lines);
  const T each = static_cast<T>(-factor / windows);
  double total = 0;
  if (d_x != nullptr) std::fill_n(d_x, height_ * w, T(0));
  for (size_t line = 0; line < lines; ++line) {
    std::fill_n(sums, 5 * w, T(0));
    for (size_t k = 0; k < window_; ++k) {
      const T weight = weight_[k];
      const T *const a = x + (line + k) * w, *const b = y + (line + k) * w;
      for (size_t i = 0; i < w; ++i) {
        const T wa = weight * a[i], wb = weight * b[i];
        sums[i] += wa;
        sums[w + i] += wb;
        sums[2 * w + i] += wa * a[i];
        sums[3 * w + i] += wb * b[i];
        sums[4 * w + i] += wa * b[i];
      }
    }
    for (size_t i = 0; i < places; ++i) {
      T moment[5] = {};
      for (size_t k = 0; k < window_; ++k) {
        for (size_t j = 0; j < 5; ++j) moment[j] += weight_[k] * sums[j * w + i + k];
      }
      const T mu_x = moment[0], mu_y = moment[1];
      // Rounding can leave a variance below 0.
      const T variances = std::max(T(0), moment[2] - mu_x * mu_x) + std::max(T(0), moment[3] - mu_y * mu_y);
      const T a1 = 2 * mu_x * mu_y + c1_, a2 = 2 * (moment[4] - mu_x * mu_y) + c2_;
      const T b1 = mu_x * mu_x + mu_y * mu_y + c1_, b2 = variances + c2_;
      const T below = 1 / (b1 * b2), similarity = a1 * a2 * below;
      total += static_cast<double>(1 - similarity);
      slopes[i] = each * 2 * (mu_y * (a2 - a1) * below + mu_x * similarity * (1 / b2 - 1 / b1));
      slopes[places + i] = -each * similarity / b2;
      slopes[2 * places + i] = each * 2 * a1 * below;
    }
    if (d_x == nullptr) continue;
    std::fill_n(spread, 3 * w, T(0));
    for (size_t j = 0; j < 3; ++j) {
      for (size_t k = 0; k < window_; ++k) {
        const T weight = weight_[k];
        const T* const from = slopes + j * places;
        T* const to = spread + j * w + k;
        for (size_t i = 0; i < places; ++i) to[i] += weight * from[i];
      }
    }
    for (size_t k = 0; k < window_; ++k) {
      const T weight = weight_[k];
      const size_t at = (line + k) * w;
      for (size_t i = 0; i < w; ++i) {
        d_x[at + i] += weight * (spread[i] + 2 * x[at + i] * spread[w + i] + y[at + i] * spread[2 * w + i]);
      }
    }
  }
  return total / windows;
}

template class Structure<float>;
template class Structure<double>;

}  // namespace nrw
