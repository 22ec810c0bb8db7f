#include "losses/fourier.h"

#include <cmath>

namespace nrw {

template <class T>
Fourier<T>::Fourier(size_t n) : order_(n) {
  constexpr double kPi = 3.14159265358979323846;
  for (size_t half = 1; half < n; half *= 2) {
    for (size_t j = 0; j < half; ++j) {
      order_[half + j] = order_[j] + static_cast<uint32_t>(n / (2 * half));
      const double angle = kPi * static_cast<double>(j) / static_cast<double>(half);
      cosine_.push_back(static_cast<T>(std::cos(angle)));
      sine_.push_back(static_cast<T>(std::sin(angle)));
    }
  }
}

template <class T>
void Fourier<T>::transform(T* re, T* im) const noexcept {
  const size_t n = size();
  const T *c = cosine_.data(), *s = sine_.data();
  for (size_t half = 1; half < n; c += half, s += half, half *= 2) {
    for (size_t first = 0; first < n; first += 2 * half) {
      T *const re0 = re + first, *const im0 = im + first, *const re1 = re0 + half, *const im1 = im0 + half;
      for (size_t j = 0; j < half; ++j) {
        const T a = re1[j] * c[j] + im1[j] * s[j], b = im1[j] * c[j] - re1[j] * s[j];
        re1[j] = re0[j] - a;
        im1[j] = im0[j] - b;
        re0[j] += a;
        im0[j] += b;
      }
    }
  }
}

template class Fourier<float>;
template class Fourier<double>;

}  // namespace nrw
