// The loss after plain layers: h is what they give, in the order that their last shape has in memory.
#pragma once

#include "base/shape.h"
#include "base/thread_pool.h"
#include "model/output_layer.h"

namespace nrw {

class PlainOutput final : public GradientOutput {
 public:
  // outputs: the shape of h; its size is `columns` times the loss's heads.
  PlainOutput(ThreadPool& pool, Loss& loss, uint32_t columns, const Shape& outputs)
      : pool_(pool), loss_(loss), columns_(columns), outputs_(outputs) {}

  Result train(const Batch& batch, const float* h, double a, float* d_h, const OptimizerStep&) override {
    return loss_backward(batch, h, a, d_h, false);
  }
  Result loss_backward(const Batch& batch, const float* h, double a, float* d_h, bool want_norm) override;
  double gradient_sum_squares(const Batch&, const float*, double, const float*) override { return 0; }
  double update(const Batch&, const float*, double, const float*, const OptimizerStep&) override { return 0; }
  void add_gradient(const Batch&, const float*, double) override {}
  void zero_gradients() noexcept override {}
  void drop_gradients() noexcept override {}
  Evaluation evaluate(const Batch& batch, const float* h, double* column_sse) override;
  void reconstruct(uint32_t rows, const float* h, const uint32_t* chosen, uint32_t count, float* out) override;

  static size_t workspace(const Loss& loss, uint32_t columns, uint64_t outputs, uint32_t rows,
                          unsigned threads) noexcept;

 private:
  // before: the number of one of the loss's own walks, or -1.
  LossSums by_column(const Batch& batch, const float* h, double a, float* d_h, double* column_sse, int before = -1);
  void walk_before(const Batch& batch, const float* h, bool derivatives);
  LossSums by_row(const Batch& batch, const float* h, double a, float* d_h, double* column_sse);
  LossSums sums(const Batch& batch, const float* h, double a, float* d_h, double* column_sse);
  // The place of output i of a row, counted with channels first.
  size_t place(size_t i) const noexcept {
    const size_t places = outputs_.places(), channels = outputs_.channels();
    return i % places * channels + i / places;
  }

  ThreadPool& pool_;
  Loss& loss_;
  const uint32_t columns_;
  const Shape outputs_;
  AlignedBuffer<float> workspace_, targets_, rows_, d_rows_;
  AlignedBuffer<double> partial_;
};

// Rows of a batch as the network's first plain layer takes them: y (rows x columns), in the memory order of `shape`.
// targets: the rows without the noise of the inputs.
void lay_out_rows(const Batch& batch, const Shape& shape, bool targets, ThreadPool& pool, float* y) noexcept;

}  // namespace nrw
