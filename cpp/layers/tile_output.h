// The dense output layer under a separable loss, fused tile by tile: o = h W^T + b with h (m x width), W (columns x
// width), b (columns). Where the loss has several outputs a column (heads), W and b have that many rows for each
// column, which lie beside each other: row `column * heads + head`. The outputs and then their derivatives R exist one
// tile of columns at a time; loss, d_h = R W, the gradient R^T h and its update are taken from them while the tile is
// in cache. The loss is multiplied by a.
#pragma once

#include "base/batch.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"
#include "kernels/sparse.h"
#include "layers/column_weights.h"
#include "layers/tile_products.h"
#include "losses/loss.h"

namespace nrw {

// The bias of the output layer and its moments: columns x heads values each; empty without a bias.
struct ColumnBias {
  AlignedBuffer<float> value, moment1, moment2;
};

// A second contribution to the gradient of W, for weights tied to the sparse input layer: inputs^T d_y.
struct TiedInput {
  const float* d_y = nullptr;  // m x width
};

class TileOutput {
 public:
  // bf16: with its operands rounded to bf16 in training's products; NULL for f32 throughout. Weights, moments, sums,
  // the residual of the loss, evaluate and reconstruct are f32 in both.
  // loss: a separable one. W.columns below is columns x heads; tied weights have one head.
  TileOutput(const Kernels& kernels, ThreadPool& pool, Loss& loss, const Bf16Kernels* bf16 = nullptr)
      : kernels_(kernels),
        loss_(loss),
        heads_(loss.heads()),
        sparse_(sparse_kernels(kernels)),
        pool_(pool),
        f32_(f32_products(kernels, pool)),
        bf16_(bf16 == nullptr ? nullptr : bf16_products(*bf16, pool)) {}

  struct Result {
    double loss = 0;           // before the update, by the weights of rows and columns
    double unweighted = 0;     // the same with all weights 1, for a = 1
    double sum_squares = 0;    // of the gradients of W and b, before step.gradient_scale
    double squared_error = 0;  // of the reconstruction
  };

  // One pass: loss, d_h (m x width, overwritten), gradient and update. d_h uses the weights before the update.
  Result train(const Batch& batch, const float* h, double a, ColumnWeights& w, ColumnBias& bias, float* d_h,
               const OptimizerStep& step);

  // Two passes, where the update must wait for the whole gradient (clipping by norm, tied weights): the first gives the
  // loss, d_h and, with want_norm, the sum of squares of R^T h and of the bias's gradient; the second makes the
  // gradient again and updates. tied.d_y adds the input layer's share. The second returns the sum of squares of the
  // whole gradient.
  Result loss_backward(const Batch& batch, const float* h, double a, const ColumnWeights& w, const ColumnBias& bias,
                       float* d_h, bool want_norm);
  double update(const Batch& batch, const float* h, double a, ColumnWeights& w, ColumnBias& bias, const TiedInput& tied,
                const OptimizerStep& step);
  // The second pass without the update: the sum of squares of the whole gradient, tied share included.
  double gradient_sum_squares(const Batch& batch, const float* h, double a, const ColumnWeights& w,
                              const ColumnBias& bias, const TiedInput& tied);
  // d_w (columns x w.stride) += R^T h * 2a, d_b (columns, NULL for none) likewise. For tests and diagnostics.
  void add_gradient(const Batch& batch, const float* h, double a, const ColumnWeights& w, const ColumnBias& bias,
                    float* d_w, float* d_b);

  // Loss, for a = 1, and squared errors; column_sse (columns doubles, added to; NULL for none): these by column.
  Result evaluate(const Batch& batch, const float* h, const ColumnWeights& w, const ColumnBias& bias,
                  double* column_sse);

  // out (m x count): the reconstruction of the chosen columns, or of all in order with chosen == NULL (count =
  // columns).
  void reconstruct(uint32_t m, const float* h, const ColumnWeights& w, const ColumnBias& bias, const uint32_t* chosen,
                   uint32_t count, float* out);

 private:
  struct Walk;
  struct Tile;
  void walk_before(const Walk& work);
  Result tiles(const Walk& work);
  TileProducts& training() noexcept;
  Result walk(const Walk& work);
  void make_residual(const Walk& work, Tile& tile);
  void make_gradient(const Walk& work, Tile& tile);

  const Kernels& kernels_;
  Loss& loss_;
  const size_t heads_;
  const SparseKernels& sparse_;
  ThreadPool& pool_;
  AlignedBuffer<float> workspace_, partial_d_h_, packed_d_y_;
  const std::unique_ptr<TileProducts> f32_, bf16_;
  AlignedBuffer<double> partial_;
};

}  // namespace nrw
