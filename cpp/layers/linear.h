// y = x W^T + b with x (m x in), W (out x in) as in PyTorch's nn.Linear, b (out), y (m x out).
//
// A pass through a network first packs the weights of all its linear layers at once (pack_tasks, pack); then each layer
// takes one loop of the threads forward and one backward, its bias and the activation next to it included. Each
// loop ends with a wait for its last task, and these waits are a large part of a small network's step.
#pragma once

#include "layers/activation.h"
#include "layers/layer.h"
#include "layers/products.h"

namespace nrw {

class Linear final : public Layer {
 public:
  // mirrored: an encoder layer (out inputs, in outputs) whose transposed weight this layer shares; NULL for its own.
  Linear(Products& products, uint32_t in, uint32_t out, bool bias, Linear* mirrored);

  void reserve(uint32_t rows) override;
  std::vector<Parameter*> parameters() override;  // its own: a tied layer has at most a bias

  // The weight as the operand of the products that follow, with `training` of those backward, too: tasks [0,
  // pack_tasks()), in any order and at once. Again after the weight has changed.
  size_t pack_tasks(bool training) const noexcept;
  void pack(size_t task) noexcept;
  // Forward and backward of packed weights with the activation beside them. Backward follows a forward pass in
  // training, which packed the same x.
  void forward(const Pass& pass, const float* x, float* y, const After& after) noexcept;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x, const Before& before) noexcept;

  // The layer alone, which packs what it needs.
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;

  // Floats of its packed operands, for batches of `rows` rows; a tied layer packs one more.
  static size_t workspace(uint32_t rows, uint32_t in, uint32_t out) noexcept;

 private:
  MatrixView weight() const noexcept;  // out x in
  void bias_gradient(const float* d_y, size_t rows, size_t first, size_t count) noexcept;

  Products& products_;
  const uint32_t in_, out_;
  Linear* const mirrored_;
  const bool has_bias_;
  bool small_ = false;  // no product of this layer is worth packing for
  Parameter weight_, bias_;
  AlignedBuffer<float> packed_wt_;  // W^T (in x out): for y
  AlignedBuffer<float> packed_w_;   // W (out x in): for d_x
  AlignedBuffer<float> packed_x_;   // x (m x in): for d_W
};

}  // namespace nrw
