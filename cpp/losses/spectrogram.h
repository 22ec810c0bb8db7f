// How far the short-time spectra of two signals are apart, at one resolution (Yamamoto, Song, Kim, "Parallel WaveGAN",
// ICASSP 2020, equations 4 to 6): with magnitudes S of windows and frequencies, of outputs x and targets y,
//   spectral convergence  ||S_y - S_x|| / ||S_y||         (Frobenius norms)
//   log magnitude         mean of |log S_y - log S_x|
// Windows are Hann's, as long as the transform, centred on multiples of `hop`; beyond its ends a signal is reflected,
// as torch.stft does. S = sqrt(|X|^2 + floor^2), which keeps logarithms and slopes finite where a signal is silent.
#pragma once

#include "losses/fourier.h"

namespace nrw {

// T: float, or double for tests.
template <class T>
class Spectrogram {
 public:
  // length: of the signals, at least `size`, the number of values of a transform: a power of 2. floor: above 0.
  Spectrogram(size_t length, size_t size, size_t hop, double floor);

  // log_share of the log magnitude and 1 - log_share of the spectral convergence. d_x (length, or NULL) += factor times
  // their derivatives to x. workspace: workspace() values.
  double operator()(const T* x, const T* y, double log_share, double factor, T* d_x, T* workspace) const noexcept;
  size_t workspace() const noexcept { return 2 * size() + 3 * frames_ * bins(); }

 private:
  size_t size() const noexcept { return fourier_.size(); }
  size_t bins() const noexcept { return size() / 2 + 1; }
  // The value of the signal at place i of a frame.
  size_t source(size_t frame, size_t i) const noexcept;

  size_t length_, hop_, frames_;
  T silence_;  // floor^2
  Fourier<T> fourier_;
  std::vector<T> window_;
};

extern template class Spectrogram<float>;
extern template class Spectrogram<double>;

}  // namespace nrw
