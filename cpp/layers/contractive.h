// Contractive penalty (Rifai et al. 2011, "Contractive auto-encoders"): y = f(x) with a list of layers f, and for each
// row weight * ||df/dx||_F^2 is added to the loss, by an unbiased estimate that is right for every f. For v with
// independent standard normal values E |J v|^2 = ||J||_F^2, and J v is taken as a difference quotient:
//
//   penalty = weight / step^2 * sum over rows of |f(x + step v) - f(x)|^2
//
// whose expectation differs from the norm by terms of step^2. Both f(x) and f(x + step v) are made in one pass over
// twice the rows, with the same random draws for both, and the gradient is that of the penalty as it stands. In
// training only: without the draws there is no penalty. v is a function of (seed, layer, step, row id, place).
#pragma once

#include "layers/inner_layers.h"

namespace nrw {

extern const LayerType contractive_type;

class Contractive final : public OuterLayer {
 public:
  explicit Contractive(const LayerContext& context);

  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  double penalty() const noexcept override { return penalty_ + inner_.penalty(); }

 private:
  Pass doubled(const Pass& pass) const noexcept;

  const size_t inputs_, outputs_;
  const double weight_, step_;
  const uint64_t seed_;
  const uint32_t layer_;
  AlignedBuffer<float> x_, d_x_;          // 2 rows x inputs: x, then x + step v
  AlignedBuffer<float> difference_;       // rows x outputs: f(x + step v) - f(x)
  AlignedBuffer<uint64_t> row_id_;        // 2 rows
  AlignedBuffer<uint32_t> row_category_;  // 2 rows
  AlignedBuffer<float> row_weight_;       // 2 rows: 0 for the second ones, so that what layers within add counts once
  AlignedBuffer<double> partial_;         // squares, one sum a task
  double penalty_ = 0;
};

}  // namespace nrw
