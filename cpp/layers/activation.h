// y = f(x), element by element; d_x = d_y f'(x).
#pragma once

#include "layers/layer.h"
#include "layers/layer_type.h"
#include "layers/products.h"

namespace nrw {

extern const LayerType relu_type, leaky_relu_type, elu_type, gelu_type, silu_type, tanh_type, sigmoid_type;

class ActivationLayer final : public Layer, public Elementwise {
 public:
  // p: slope below 0 (leaky ReLU) or alpha (ELU).
  ActivationLayer(Products& products, uint64_t width, Activation kind, float p)
      : products_(products), width_(width), kind_(kind), p_(p) {}

  void apply(size_t n, const float* x, float* y) const noexcept override {
    products_.kernels().activate(kind_, n, x, p_, y);
  }
  void apply_backward(size_t n, const float* x, const float* d_y, float* d_x) const noexcept override {
    products_.kernels().activate_backward(kind_, n, x, d_y, p_, d_x);
  }
  const Elementwise* elementwise() const noexcept override { return this; }

  void forward(const Pass& pass, const float* x, float* y) noexcept override {
    for_elements(pass, [&](size_t first, size_t count) { apply(count, x + first, y + first); });
  }
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override {
    if (d_x == nullptr) return;
    for_elements(pass, [&](size_t first, size_t count) { apply_backward(count, x + first, d_y + first, d_x + first); });
  }

 private:
  template <class Body>
  void for_elements(const Pass& pass, Body&& body) noexcept {
    const size_t n = static_cast<size_t>(pass.rows) * width_;
    for_blocks(products_.pool(), n, 4096, 8 * n, body);
  }

  Products& products_;
  const uint64_t width_;
  const Activation kind_;
  const float p_;
};

}  // namespace nrw
