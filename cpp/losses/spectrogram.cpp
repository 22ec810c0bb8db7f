#include "losses/spectrogram.h"

#include <algorithm>
#include <cmath>

namespace nrw {

template <class T>
Spectrogram<T>::Spectrogram(size_t length, size_t size, size_t hop, double floor)
    : length_(length),
      hop_(hop),
      frames_(1 + length / hop),
      silence_(static_cast<T>(floor * floor)),
      fourier_(size),
      window_(size) {
  constexpr double kTwoPi = 6.28318530717958647693;
  for (size_t i = 0; i < size; ++i) {
    window_[i] = static_cast<T>(0.5 - 0.5 * std::cos(kTwoPi * static_cast<double>(i) / static_cast<double>(size)));
  }
}

template <class T>
size_t Spectrogram<T>::source(size_t frame, size_t i) const noexcept {
  const size_t before = size() / 2, at = frame * hop_ + i;
  if (at < before) return before - at;
  return at - before < length_ ? at - before : 2 * (length_ - 1) - (at - before);
}

template <class T>
double Spectrogram<T>::operator()(const T* x, const T* y, double log_share, double factor, T* d_x,
                                  T* workspace) const noexcept {
  const size_t n = size(), half = n / 2, count = bins(), values = frames_ * count;
  T *const re = workspace, *const im = workspace + n;
  T *const x_re = im + n, *const x_im = x_re + values, *const s_y = x_im + values;
  double apart = 0, squares = 0, logs = 0;
  for (size_t frame = 0; frame < frames_; ++frame) {
    // Both signals in one transform: z = x + i y, X[k] = (Z[k] + conj Z[n - k]) / 2, Y[k] = (Z[k] - conj Z[n - k]) /
    // 2i.
    for (size_t i = 0; i < n; ++i) {
      const size_t from = source(frame, i), to = fourier_.order(i);
      re[to] = window_[i] * x[from];
      im[to] = window_[i] * y[from];
    }
    fourier_.transform(re, im);
    for (size_t k = 0; k < count; ++k) {
      const size_t mirror = (n - k) % n, at = frame * count + k;
      const T a = (re[k] + re[mirror]) / 2, b = (im[k] - im[mirror]) / 2;
      const T c = (im[k] + im[mirror]) / 2, d = (re[mirror] - re[k]) / 2;
      const T power_x = a * a + b * b + silence_, power_y = c * c + d * d + silence_, magnitude = std::sqrt(power_y);
      const double difference = static_cast<double>(magnitude - std::sqrt(power_x));
      apart += difference * difference;
      squares += static_cast<double>(power_y);
      logs += std::fabs(static_cast<double>(std::log(power_y / power_x))) / 2;
      x_re[at] = a;
      x_im[at] = b;
      s_y[at] = magnitude;
    }
  }
  const double distance = std::sqrt(apart), norm = std::sqrt(squares);
  const double value = (1 - log_share) * distance / norm + log_share * logs / static_cast<double>(values);
  if (d_x == nullptr) return value;

  const T to_distance = static_cast<T>(distance > 0 ? factor * (1 - log_share) / (distance * norm) : 0);
  const T to_log = static_cast<T>(factor * log_share / static_cast<double>(values));
  for (size_t frame = 0; frame < frames_; ++frame) {
    // x[i] has the derivative Re sum over k of D[k] exp(2 pi i k i / n), D = dRe + i dIm: the transform of conj D.
    std::fill_n(re, 2 * n, T(0));
    for (size_t k = 0; k <= half; ++k) {
      const size_t at = frame * count + k, to = fourier_.order(k);
      const T power = x_re[at] * x_re[at] + x_im[at] * x_im[at] + silence_, s_x = std::sqrt(power);
      const T sign = static_cast<T>((s_x > s_y[at]) - (s_x < s_y[at]));
      const T slope = to_distance * (1 - s_y[at] / s_x) + to_log * sign / power;
      re[to] = slope * x_re[at];
      im[to] = -slope * x_im[at];
    }
    fourier_.transform(re, im);
    for (size_t i = 0; i < n; ++i) d_x[source(frame, i)] += window_[i] * re[i];
  }
  return value;
}

template class Spectrogram<float>;
template class Spectrogram<double>;

}  // namespace nrw
