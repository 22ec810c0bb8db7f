// The first layer over dense rows, kept by column (base/batch.h): Y = X W + b and d_W = X^T d_Y as products of dense
// matrices. d_W is made a strip of columns at a time, and its update with it.
#pragma once

#include "base/thread_pool.h"
#include "layers/input_layer.h"

namespace nrw {

class DenseInput final : public InputLayer {
 public:
  DenseInput(const Kernels& kernels, ThreadPool& pool) : kernels_(kernels), pool_(pool) {}

  void forward(const Batch& batch, ColumnWeights& w, const float* bias, float* y, const After& after = {}) override;
  double backward_update(const Batch& batch, const float* d_y, ColumnWeights& w, const OptimizerStep& step,
                         bool squares = true, const double* gram = nullptr) override;
  double gradient_sum_squares(const Batch& batch, const float* d_y, const ColumnWeights& w,
                              const double* gram = nullptr) override;
  void add_gradient(const Batch& batch, const float* d_y, const ColumnWeights& w, float* d_w) override;

  // Floats that the forward pass packs W into, and the backward pass d_y with a thread's strip of gradient.
  static size_t packed_size(size_t columns, size_t width) noexcept;
  static size_t strip_size(size_t rows, size_t width, size_t stride, size_t threads) noexcept;

 private:
  template <class Use>
  double for_each_gradient(const Batch& batch, const float* d_y, const ColumnWeights& w, Use&& use);

  const Kernels& kernels_;
  ThreadPool& pool_;
  AlignedBuffer<float> packed_w_, workspace_;
  AlignedBuffer<double> partial_;
};

}  // namespace nrw
