// The first layer: y = x W + b with x (m x columns) the batch, W (columns x width), y (m x width). There is no gradient
// to x. The gradient of W's row j is sum_i x_ij d_y_i, made and used up while the row is in cache. The bias is the
// caller's: its gradient is the column sum of d_y.
#pragma once

#include "base/batch.h"
#include "kernels/kernels.h"
#include "layers/column_weights.h"
#include "layers/layer.h"

namespace nrw {

class InputLayer {
 public:
  virtual ~InputLayer() = default;

  // y (m x width, leading dimension width) = inputs W + bias (width; NULL for none), and what comes after it. W
  // changes where an update waits.
  virtual void forward(const Batch& batch, ColumnWeights& w, const float* bias, float* y, const After& after = {}) = 0;

  // Updates W, exactly for any optimizer, at once or when it is next needed. Returns the sum of squares of the
  // gradient, before step.gradient_scale; with `squares` false it need not. gram (m x m): inputs inputs^T, where
  // someone has it; a layer may make use of it.
  virtual double backward_update(const Batch& batch, const float* d_y, ColumnWeights& w, const OptimizerStep& step,
                                 bool squares = true, const double* gram = nullptr) = 0;

  // The same sum of squares without an update, for clipping by norm.
  virtual double gradient_sum_squares(const Batch& batch, const float* d_y, const ColumnWeights& w,
                                      const double* gram = nullptr) = 0;

  // d_w (columns x w.stride) += the gradient.
  virtual void add_gradient(const Batch& batch, const float* d_y, const ColumnWeights& w, float* d_w) = 0;
};

}  // namespace nrw
