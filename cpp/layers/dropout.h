// y = x * mask with mask 0 with probability `rate` and 1 / (1 - rate) else; the identity outside training. The mask of
// an element is a function of (seed, layer, step, row id, unit): the place of a row in its batch does not matter.
#pragma once

#include "layers/layer_type.h"
#include "layers/noise_layer.h"
#include "layers/products.h"

namespace nrw {

extern const LayerType dropout_type;

class Dropout final : public NoiseLayer {
 public:
  // layer: this layer's number in the network, so that no two share draws. rate in [0, 1).
  Dropout(Products& products, uint64_t width, double rate, uint64_t seed, uint32_t layer);

  void reserve(uint32_t rows) override { mask_.reserve(static_cast<size_t>(rows) * width_); }
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void set_amount(double amount) noexcept override { rate_ = amount; }
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;

 private:
  Products& products_;
  const uint64_t width_;
  double rate_;
  const uint64_t seed_;
  const uint32_t layer_;
  AlignedBuffer<float> mask_;  // rows x width: the forward pass's, for the backward pass
};

}  // namespace nrw
