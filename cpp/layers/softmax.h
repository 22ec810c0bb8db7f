// y_c = exp(x_c) / sum over k of exp(x_k), over the channels of each place (PyTorch's nn.Softmax along dimension 1); of
// flat rows over the whole row. The largest x is taken off first, so that no exp is infinite. d_x = y (d_y - sum of
// d_y y). Kept for the backward pass: y.
#pragma once

#include "kernels/elementary.h"
#include "layers/layer_type.h"

namespace nrw {

extern const LayerType softmax_type;

// places x channels. y may be x; d_x may be d_y.
void softmax_forward(const ElementaryKernels& kernels, size_t places, size_t channels, const float* x,
                     float* y) noexcept;
void softmax_backward(size_t places, size_t channels, const float* y, const float* d_y, float* d_x) noexcept;

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
