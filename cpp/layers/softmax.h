// y_c = exp(x_c) / sum over k of exp(x_k), over the channels of each place (PyTorch's nn.Softmax along dimension 1); of
// flat rows over the whole row. The largest x is taken off first, so that no exp is infinite. d_x = y (d_y - sum of
// d_y y). Kept for the backward pass: y.
#pragma once

#include <algorithm>
#include <cmath>

#include "layers/layer_type.h"

namespace nrw {

extern const LayerType softmax_type;

// places x channels.
template <class T>
void softmax_forward(size_t places, size_t channels, const T* x, T* y) noexcept {
  for (size_t i = 0; i < places; ++i, x += channels, y += channels) {
    const T largest = *std::max_element(x, x + channels);
    double sum = 0;
    for (size_t c = 0; c < channels; ++c) {
      y[c] = std::exp(x[c] - largest);
      sum += y[c];
    }
    const T share = static_cast<T>(1 / sum);
    for (size_t c = 0; c < channels; ++c) y[c] *= share;
  }
}

template <class T>
void softmax_backward(size_t places, size_t channels, const T* y, const T* d_y, T* d_x) noexcept {
  for (size_t i = 0; i < places; ++i, y += channels, d_y += channels, d_x += channels) {
    double sum = 0;
    for (size_t c = 0; c < channels; ++c) sum += static_cast<double>(d_y[c]) * y[c];
    const T mean = static_cast<T>(sum);
    for (size_t c = 0; c < channels; ++c) d_x[c] = y[c] * (d_y[c] - mean);
  }
}

class Softmax final : public Layer {
 public:
  Softmax(Products& products, const Shape& shape)
      : products_(products), channels_(shape.channels()), places_(shape.places()) {}

  void reserve(uint32_t rows) override { y_.reserve(rows * places_ * channels_); }
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;

 private:
  Products& products_;
  const size_t channels_, places_;
  AlignedBuffer<float> y_;  // rows x places x channels
};

}  // namespace nrw
