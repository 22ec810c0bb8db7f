// y = log(1 + exp(beta x)) / beta, and y = x where beta x is above the threshold, where the two are one in float
// (PyTorch's nn.Softplus); d_x = d_y / (1 + exp(-beta x)), and d_y above the threshold.
#pragma once

#include "layers/layer_type.h"

namespace nrw {

extern const LayerType softplus_type;

class Softplus final : public Layer, public Elementwise {
 public:
  Softplus(Products& products, uint64_t width, float beta, float threshold)
      : products_(products), width_(width), beta_(beta), threshold_(threshold) {}

  void apply(size_t n, const float* x, float* y) const noexcept override;
  void apply_backward(size_t n, const float* x, const float* d_y, float* d_x) const noexcept override;
  const Elementwise* elementwise() const noexcept override { return this; }

  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;

 private:
  template <class Body>
  void each_part(size_t n, const float* x, Body&& body) const noexcept;

  Products& products_;
  const uint64_t width_;
  const float beta_, threshold_;
};

}  // namespace nrw
