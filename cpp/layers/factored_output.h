// The linear output layer under squared error of sparse targets whose cost does not grow with the number of columns.
//
// o = W [h; 1] with W (D x p, p = width + 1, its last column the bias) never stored. W is at every step the ridge
// solution over exponentially weighted past batches (recursive least squares); loss, the gradient to h and the update
// of W follow from p x p matrices and from the rows of S that the batch touches. After Vincent, de Brebisson,
// Bouthillier, "Efficient Exact Gradient Update for training Deep Networks with Very Large Sparse Targets" (NIPS 2015)
// for the factored form; the second-order rule is derived in docs/factored.md.
//
// With f = [h; 1], H its rows (m x p), C = diag(c) the row weights, Y the sparse targets (m x D), beta the forgetting:
//   M <- beta M + H^T C H                p x p   second moments of the hidden layer
//   S <- beta S + Y^T C H                D x p   kept as sigma V: only touched rows change
//   T <- S^T S                           p x p   by recurrence from Z = Y S and K = Y Y^T
//   W  = S (M + R)^-1, R = diag(r)               r: the ridge, near 0 for the bias
// All of this is kept in a basis B in which M stays near a multiple of the identity: the features are f B, so that the
// rounding of V (float) is not amplified by (M + R)^-1. B is upper triangular, is made from the first batch, changes
// rarely (see rebase) and costs two m x p x p products of half the size.
//
// A row of weight 2 is the row twice, and a batch of rows that all weigh 0 changes nothing.
//
// loss = a sum_i c_i |W f_i - y_i|^2 with the W before the update: an honest one-step-ahead error. The gradient to h
// takes the W after it (variable projection): then the noise of W's estimate does not shrink h.
#pragma once

#include <algorithm>

#include "base/batch.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"
#include "layers/factored_rule.h"
#include "layers/spd_factor.h"
#include "layers/target_pass.h"

namespace nrw {

struct LeastSquaresSettings {
  double beta = 0.99;   // forgetting: the weight of a batch halves after some 69 steps
  double ridge = 1e-3;  // lambda: share of the mean second moment
  double kappa = 0.2;   // more ridge while there are few rows: + kappa p / (rows + p)
  uint32_t free = 0;    // features, the first ones, that the ridge leaves alone
  bool chosen = false;  // whether a refit chooses the ridge
};

class FactoredOutput final : public FactoredRule {
 public:
  // rows: how many different rows the training data has, so that the ridge is the same from the first step on; 0: not
  // known, the effective number of past rows stands in its place.
  FactoredOutput(uint32_t columns, uint32_t width, const LeastSquaresSettings& settings, double rows,
                 const Kernels& kernels, ThreadPool& pool);

  // The loss is taken before the update, d_h after it.
  double train(const SparseBatch& batch, const float* h, const float* weights, double a, float* d_h) override;
  const double* target_gram() const noexcept override { return k_.data(); }
  Errors evaluate(const SparseBatch& batch, const float* h, const float* weights) override;
  bool refits() const noexcept override { return true; }
  void begin_refit() override;
  void absorb(const SparseBatch& batch, const float* h, const float* weights) override;
  void hold_out(const SparseBatch& batch, const float* h, const float* weights) override;
  void end_refit() override;
  void weights(uint32_t first, uint32_t count, float* w, float* bias) override;
  std::vector<StateArray> state() override {
    return {{"v", columns_, p_, ld_, v_.value.data(), nullptr},
            {"m", p_, p_, ld_, nullptr, m_.data()},
            {"t", p_, p_, ld_, nullptr, t_.data()},
            {"basis", p_, p_, ld_, nullptr, basis_.data()},
            {"scalars", kScalars, 1, 1, nullptr, scalars_}};
  }
  void restored() override;

  double condition() const noexcept;  // a lower bound of M + R's
  static size_t stride_of(uint32_t width) noexcept { return (size_t{width} + 16) / 16 * 16; }
  // Bytes besides V, M, T and the basis, at most.
  static size_t workspace_bytes(uint32_t width, uint32_t batch_rows) noexcept;

 private:
  enum Scalar {
    kSteps,
    kRows,
    kSigma,
    kTrace,
    kRidge,
    kScalars
  };  // steps, effective rows (sums of weights), sigma, trace of M in the plain basis, the ridge that a refit has
      // chosen or 0
  // The basis is made anew where M + R has become worse conditioned than this, of which a lower bound is known.
  static constexpr double kWorstCondition = 1e3;
  void reserve(uint32_t rows);
  double take_up(const SparseBatch& batch, const float* h, const float* weights, double beta);
  void features(uint32_t rows, const float* h);
  void look(const SparseBatch& batch, const float* h);
  Errors error(uint32_t rows, const float* weights);
  void advance(uint32_t rows, double beta);
  double present_ridge() const noexcept;  // as a share of M's mean diagonal
  bool try_factor(double ridge, bool free);
  void factor(bool free = true);
  double cross_validated(double ridge);
  std::vector<double> held_out_errors(double ridge);
  void choose_ridge();
  void first_basis(uint32_t rows, const float* h, const float* weights);
  double change_basis();
  void rebase();
  void scale_v();
  void pack(size_t k, size_t n, const double* b, size_t row_stride, size_t column_stride, double* packed);
  void pack_basis();
  void pack_t();
  // u (count rows, ld_ apart, n columns) += e T, of the columns [first, first + n) of a panel of T.
  void add_times_t(size_t count, const double* e, size_t first, size_t n, double* u) const noexcept;
  void congruence(AlignedBuffer<double>& matrix);

  // body(row, rows, first, n) over an m x p matrix in blocks of rows and panels of columns, the rows of a panel one
  // after the other, so that the panel stays in cache.
  static constexpr size_t kProductRows = 24;  // whole strips of six
  template <class Body>
  void tiles(size_t m, Body&& body) {
    const size_t blocks = (m + kProductRows - 1) / kProductRows, panels = (p_ + kPanel64 - 1) / kPanel64;
    pool_.run(blocks * panels, [&](size_t task, unsigned) {
      const size_t row = task % blocks * kProductRows, first = task / blocks * kPanel64;
      body(row, std::min(kProductRows, m - row), first, std::min<size_t>(kPanel64, p_ - first));
    });
  }
  void times_basis_t(const double* x, double* out, size_t row, size_t rows, size_t first, size_t n);

  const uint32_t columns_, width_, p_;
  const size_t ld_;
  const LeastSquaresSettings settings_;
  const double total_rows_;
  const DoubleKernels& doubles_;
  ThreadPool& pool_;
  TargetPass target_;
  SpdFactor factor_;

  ColumnWeights v_;              // S = sigma V
  AlignedBuffer<double> m_, t_;  // p x ld; of M only the lower triangle is kept up
  AlignedBuffer<double> basis_;  // p x ld, upper triangular
  double scalars_[kScalars] = {};
  bool factored_ = false;
  double squares_ = 0;  // of the targets of a refit
  // Of rows held out of a refit: features and Z (rows x p, leading dimension ld), squares of the targets, and weights.
  std::vector<double> held_f_, held_z_, held_squares_, held_weights_;
  AlignedBuffer<double> gram_, packed_basis_, packed_basis_t_;  // B^T B; B and B^T packed

  AlignedBuffer<double> f_, cf_, z_, k_, e_, u_, product_, packed_t_, packed_, packed_g_;  // m x ld, and so on
  AlignedBuffer<float> f32_;
  AlignedBuffer<double> sums_;
  AlignedBuffer<double> rows_;       // a thread's rows of V in a new basis
  AlignedBuffer<double> solved_;     // p x ld, for choose_ridge
  AlignedBuffer<double> free_gram_;  // B_F^T B_F, the rows of B of the free features
};

}  // namespace nrw
