// y = x W^T + b with x (m x in), W (out x in) as in PyTorch's nn.Linear, b (out), y (m x out).
#pragma once

#include "layers/layer.h"
#include "layers/products.h"

namespace nrw {

class Linear final : public Layer {
 public:
  // mirrored: an encoder layer (out inputs, in outputs) whose transposed weight this layer shares; NULL for its own.
  Linear(Products& products, uint32_t in, uint32_t out, bool bias, Linear* mirrored);

  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  std::vector<Parameter*> parameters() override;  // its own: a tied layer has at most a bias

  // Floats that its products pack into, for batches of `rows` rows.
  static size_t workspace(uint32_t rows, uint32_t in, uint32_t out) noexcept;

 private:
  MatrixView weight() const noexcept;  // out x in

  Products& products_;
  const uint32_t in_, out_;
  Linear* const mirrored_;
  const bool has_bias_;
  Parameter weight_, bias_;
};

}  // namespace nrw
