// What the rules of the factored output layer have in common: o = W [h; 1] under squared error, W (D x p, p = width +
// 1, its last column the bias) never stored, the cost of a step free of D.
#pragma once

#include <vector>

#include "base/batch.h"
#include "layers/column_weights.h"

namespace nrw {

// Of row i; NULL: every row weighs 1.
inline double weight_of(const float* weights, size_t i) noexcept {
  return weights == nullptr ? 1.0 : static_cast<double>(weights[i]);
}
inline double sum_of(const float* weights, size_t rows) noexcept {
  double sum = 0;
  for (size_t i = 0; i < rows; ++i) sum += weight_of(weights, i);
  return sum;
}

class FactoredRule {
 public:
  // An array that a checkpoint keeps, of floats or of doubles: element (r, c) at data[r * stride + c].
  struct StateArray {
    const char* name;
    size_t rows, columns, stride;
    float* f32;
    double* f64;
  };

  virtual ~FactoredRule() = default;

  // Of the next train, for a rule that has one.
  virtual void set_learning_rate(double) noexcept {}

  // One step: gives the loss a sum_i c_i |W f_i - y_i|^2 and its gradient d_h (m x width, overwritten).
  // weights, here and below: m row weights c, at least 0, of which 1 is the mean over all training rows; NULL for ones.
  virtual double train(const SparseBatch& batch, const float* h, const float* weights, double a, float* d_h) = 0;

  // Y Y^T (m x m) of the last train's targets, where the rule keeps it until its next call; else NULL.
  virtual const double* target_gram() const noexcept { return nullptr; }

  // Sums of squared errors of the batch with the present W; nothing changes.
  struct Errors {
    double weighted = 0;  // by the rows' weights
    double alike = 0;     // all rows alike
  };
  virtual Errors evaluate(const SparseBatch& batch, const float* h, const float* weights) = 0;

  // A rule whose W follows from rows it has seen can forget them (begin_refit), take up batches of which none counts
  // for less because it came earlier (absorb), and make W of these (end_refit).
  virtual bool refits() const noexcept { return false; }
  virtual void begin_refit() {}
  virtual void absorb(const SparseBatch&, const float* /*h*/, const float* /*weights*/) {}
  // After all of these: rows that W is not fitted to, by which its ridge is chosen.
  virtual void hold_out(const SparseBatch&, const float* /*h*/, const float* /*weights*/) {}
  virtual void end_refit() {}

  // Rows [first, first + count) of W in PyTorch's layout: w (count x width), bias (count); either may be NULL.
  virtual void weights(uint32_t first, uint32_t count, float* w, float* bias) = 0;

  // The arrays that resume needs. After writing them, call restored().
  virtual std::vector<StateArray> state() = 0;
  virtual void restored() = 0;

  // Where a rule starts from weights: they are to be written here (bias last in each row), then call started(). NULL
  // for a rule that starts from nothing.
  virtual ColumnWeights* starting_weights() noexcept { return nullptr; }
  virtual void started() {}
};

}  // namespace nrw
