// The factored output layer by exact stochastic gradient (docs/factored.md), after Vincent, de Brebisson, Bouthillier,
// "Efficient Exact Gradient Update for training Deep Networks with Very Large Sparse Targets" (NIPS 2015).
//
// The step is the dense layer's, W <- (1 - n l) W - n dL/dW, with learning rate n and weight decay l, whatever n and l
// are from step to step. W = V U is implicit. With F = [h; 1] (m x p), C = diag(c) the row weights, Y the sparse
// targets (m x D), E = F W^T - Y the residual (m x D, never formed), g = 2 n a, s = 1 - n l:
//   Z = Y V U                                   (m x p)
//   R = E W = F Q - Z                           (m x p)  Q = W^T W
//   loss   = a sum c (f . r - f . z + |y|^2)             f, r, z: rows of F, R, Z
//   grad H = 2 a C R, its last column dropped
//   N = s I - g F^T C F                         (p x p)
//   U <- U N
//   V <- V + g Y^T C F U^-1                     with the new U: only touched rows change
//   Q <- s^2 Q - s g (R^T C F + F^T C R) + g^2 F^T C (E E^T) C F,   E E^T = R F^T - F Z^T + Y Y^T
//   U^-1 <- N^-1 U^-1 by Woodbury's identity, or by a fresh LU factor where m >= p / 2
// V is float, the p x p matrices are double. An ill-conditioned U would amplify V's rounding: then U is folded into V
// (2 D p^2 for V U, the same for Q afresh). A step whose own N is nearly singular folds before it touches V.
#pragma once

#include "base/thread_pool.h"
#include "kernels/kernels.h"
#include "layers/factored_rule.h"
#include "layers/lu_factor.h"
#include "layers/target_pass.h"

namespace nrw {

class FactoredSgd final : public FactoredRule {
 public:
  // W starts as 0 until starting_weights() have been written.
  FactoredSgd(uint32_t columns, uint32_t width, double weight_decay, const Kernels& kernels, ThreadPool& pool);

  void set_learning_rate(double learning_rate) noexcept override { learning_rate_ = learning_rate; }
  double train(const SparseBatch& batch, const float* h, const float* weights, double a, float* d_h) override;
  Errors evaluate(const SparseBatch& batch, const float* h, const float* weights) override;
  void weights(uint32_t first, uint32_t count, float* w, float* bias) override;
  std::vector<StateArray> state() override;
  void restored() override {}
  ColumnWeights* starting_weights() noexcept override { return &v_; }
  void started() override;

  uint64_t folds() const noexcept { return folds_; }  // since construction
  static size_t stride_of(uint32_t width) noexcept { return (size_t{width} + 16) / 16 * 16; }
  // Bytes besides V, U, its inverse and Q, at most.
  static size_t workspace_bytes(uint32_t width, uint32_t batch_rows) noexcept;

 private:
  void reserve(uint32_t rows);
  void features(uint32_t rows, const float* h, const float* weights);
  void project(uint32_t rows);
  Errors error(uint32_t rows, const float* weights);
  bool advance(uint32_t rows, double g, double s);
  void advance_q(uint32_t rows, double g, double s);
  void fold(const double* u);
  void times(size_t m, size_t k, const double* x, size_t ld_x, const double* packed, double* out);

  const uint32_t columns_, width_, p_;
  const size_t ld_;
  const double weight_decay_;
  double learning_rate_ = 0;
  const DoubleKernels& doubles_;
  ThreadPool& pool_;
  TargetPass target_;
  LuFactor lu_;
  uint64_t folds_ = 0;

  ColumnWeights v_;
  AlignedBuffer<double> u_, inverse_t_, q_;  // p x ld: U, its inverse's transpose, Q
  double steps_ = 0;

  AlignedBuffer<double> next_u_, next_inverse_t_;  // p x ld, of the step under way
  AlignedBuffer<double> f_, cf_, z_, r_, x_;       // m x ld
  AlignedBuffer<float> update_;                    // m x ld
  AlignedBuffer<double> k_, gram_, packed_;        // m x m, m x m, any operand
  AlignedBuffer<double> tall_[2];                  // p x m
  AlignedBuffer<double> fold_;                     // see fold
};

}  // namespace nrw
