// y = x W^T + b with x (m x in), W (out x in) as in PyTorch's nn.Linear, b (out), y (m x out).
//
// The layer takes one loop of the threads forward and one backward, its bias and the activation next to it included.
// Each loop ends with a wait for its last task, and these waits are a large part of a small network's step.
//
// Rows of any shape are taken as they would be by a flatten before it, and its outputs may be a shape, as by an
// unflatten after it: channels first, as in PyTorch.
#pragma once

#include "layers/layer_type.h"

namespace nrw {

extern const LayerType linear_type;

// What the last decoder layer does with these settings of its own.
bool is_tied(const Settings& linear);
bool is_factored(const Settings& linear);

class Linear final : public Layer {
 public:
  // mirrored: an encoder layer (out inputs, in outputs) whose transposed weight this layer shares; NULL for its own.
  Linear(Products& products, uint32_t in, uint32_t out, bool bias, Linear* mirrored);

  void reserve(uint32_t rows) override;
  std::vector<Parameter*> parameters() override;  // its own: a tied layer has at most a bias

  size_t pack_tasks(bool training) const noexcept override;
  void pack(size_t task) noexcept override;
  // Backward follows a forward pass in training, which packed the same x.
  bool takes_neighbours() const noexcept override { return true; }
  void forward_with(const Pass& pass, const float* x, float* y, const After& after) noexcept override;
  void backward_with(const Pass& pass, const float* x, const float* d_y, float* d_x,
                     const Before& before) noexcept override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override { forward_with(pass, x, y, {}); }
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override {
    backward_with(pass, x, d_y, d_x, {});
  }

  static TensorSpec weight_spec(uint32_t in, uint32_t out);
  static TensorSpec bias_spec(uint32_t in, uint32_t out);
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
