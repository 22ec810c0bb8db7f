// The output layer as a dense one, fused tile by tile (layers/tile_output.h): exact for any optimizer.
#pragma once

#include "layers/tile_output.h"
#include "model/column_parameter.h"
#include "model/output_layer.h"

namespace nrw {

class TileOutputLayer final : public GradientOutput {
 public:
  // W has a row for each of the loss's heads of a column, these beside each other; it is saved head after head.
  // tied: the sparse input layer's weights, to be shared; NULL for weights of its own. moments: of the optimizer.
  // bf16: see TileOutput.
  TileOutputLayer(const Kernels& kernels, ThreadPool& pool, Loss& loss, uint32_t columns, uint32_t width, bool bias,
                  int moments, ColumnParameter* tied, const Bf16Kernels* bf16);

  bool tied() const noexcept override { return tied_; }
  Result train(const Batch& batch, const float* h, double a, float* d_h, const OptimizerStep& step) override;
  Result loss_backward(const Batch& batch, const float* h, double a, float* d_h, bool want_norm) override;
  double gradient_sum_squares(const Batch& batch, const float* h, double a, const float* d_input) override;
  double update(const Batch& batch, const float* h, double a, const float* d_input, const OptimizerStep& step) override;
  void add_gradient(const Batch& batch, const float* h, double a) override;
  void zero_gradients() noexcept override;
  void drop_gradients() noexcept override;
  Evaluation evaluate(const Batch& batch, const float* h, double* column_sse) override;
  PlainWeights plain_weights(bool make) override;
  void reconstruct(uint32_t rows, const float* h, const uint32_t* chosen, uint32_t count, float* out) override;
  std::vector<TrainedTensor> tensors() override;

 private:
  TileOutput tile_;
  const bool tied_;
  const size_t heads_;
  ColumnParameter own_;
  ColumnParameter& weight_;  // own_, or the input layer's
  ColumnBias bias_;
  AlignedBuffer<float> bias_gradient_;  // columns, or empty
};

}  // namespace nrw
