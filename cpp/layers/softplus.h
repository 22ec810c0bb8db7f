// y = log(1 + exp(beta x)) / beta, and y = x where beta x is above the threshold, where the two are one in float
// (PyTorch's nn.Softplus); d_x = d_y / (1 + exp(-beta x)), and d_y above the threshold.
#pragma once

#include <cmath>

#include "layers/layer_type.h"

namespace nrw {

extern const LayerType softplus_type;

template <class T>
void softplus_forward(size_t n, T beta, T threshold, const T* x, T* y) noexcept {
  for (size_t i = 0; i < n; ++i) y[i] = x[i] * beta > threshold ? x[i] : std::log1p(std::exp(x[i] * beta)) / beta;
}

template <class T>
void softplus_backward(size_t n, T beta, T threshold, const T* x, const T* d_y, T* d_x) noexcept {
  for (size_t i = 0; i < n; ++i) d_x[i] = x[i] * beta > threshold ? d_y[i] : d_y[i] / (1 + std::exp(-x[i] * beta));
}

class Softplus final : public Layer, public Elementwise {
 public:
  Softplus(Products& products, uint64_t width, float beta, float threshold)
      : products_(products), width_(width), beta_(beta), threshold_(threshold) {}

  void apply(size_t n, const float* x, float* y) const noexcept override {
    softplus_forward(n, beta_, threshold_, x, y);
  }
  void apply_backward(size_t n, const float* x, const float* d_y, float* d_x) const noexcept override {
    softplus_backward(n, beta_, threshold_, x, d_y, d_x);
  }
  const Elementwise* elementwise() const noexcept override { return this; }

  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;

 private:
  Products& products_;
  const uint64_t width_;
  const float beta_, threshold_;
};

}  // namespace nrw
