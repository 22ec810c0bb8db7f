// Self-attention with several heads (Vaswani et al. 2017), as PyTorch's nn.MultiheadAttention of (x, x, x) with rows as
// batches and places as tokens: x (m x T x E). (Q, K, V) = x W_in^T + b_in, each E wide, which is `heads` times d; for
// each row and head P = softmax(Q K^T / sqrt(d)) by rows (T x T) and O = P V; y = O W_out^T + b_out.
// Kept for the backward pass: Q, K, V, P and O.
#pragma once

#include "layers/layer_type.h"

namespace nrw {

extern const LayerType self_attention_type;

class SelfAttention final : public Layer {
 public:
  explicit SelfAttention(const LayerContext& context);

  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  std::vector<Parameter*> parameters() override { return {&in_weight_, &in_bias_, &out_weight_, &out_bias_}; }

  static size_t workspace(const Shape& shape, uint32_t heads, uint32_t rows, unsigned threads) noexcept;  // bytes

 private:
  // C (m x n, rows `stride` apart) = A B, by one thread.
  void multiply(unsigned worker, size_t m, size_t n, size_t k, MatrixView a, MatrixView b, float* c,
                size_t stride) noexcept;
  void attend(unsigned worker, size_t row, size_t head) noexcept;
  void attend_backward(unsigned worker, size_t row, size_t head) noexcept;
  size_t work(const Pass& pass) const noexcept { return 2 * pass.rows * tokens_ * tokens_ * width_; }
  // Q, K or V (T x d) of a row and head: `which` is 0, 1 or 2.
  float* part(AlignedBuffer<float>& of, size_t row, size_t head, size_t which) noexcept {
    return of.data() + row * tokens_ * 3 * width_ + which * width_ + head * depth_;
  }

  Products& products_;
  const size_t tokens_, width_, heads_, depth_;  // T, E, heads, d
  const float scale_;                            // 1 / sqrt(d)
  Parameter in_weight_, in_bias_, out_weight_, out_bias_;
  AlignedBuffer<float> qkv_, d_qkv_;               // rows x T x 3 E
  AlignedBuffer<float> probabilities_;             // rows x heads x T x T
  AlignedBuffer<float> mixed_, d_mixed_;           // rows x T x E: O
  AlignedBuffer<float> packed_, d_probabilities_;  // of each thread: an operand; T x T
};

}  // namespace nrw
