// The end of a network: the loss, and the last layer with it where an accelerator has claimed it.
#pragma once

#include <vector>

#include "base/batch.h"
#include "kernels/kernels.h"
#include "layers/column_weights.h"
#include "layers/factored_rule.h"
#include "losses/loss.h"
#include "model/tensors.h"

namespace nrw {

// Calls with h (rows x width) are for a batch of `rows` rows; a is the loss's factor.
class OutputLayer {
 public:
  struct Result {
    double loss = 0;         // before the update, multiplied by a
    double sum_squares = 0;  // of this layer's gradients, before step.gradient_scale
    // Y Y^T of the targets (rows x rows), where the layer made it, until its next call.
    const double* target_gram = nullptr;
  };

  virtual ~OutputLayer() = default;

  // One pass: loss, d_h (rows x width, overwritten), gradient and update. Not of a tied layer.
  virtual Result train(const Batch& batch, const float* h, double a, float* d_h, const OptimizerStep& step) = 0;

  // Sums over the batch, for a = 1; column_sse (columns, added to; NULL for none): squared errors by column.
  struct Evaluation {
    double loss = 0;        // by the weights of rows and columns
    double unweighted = 0;  // with all of them 1
    double squared_error = 0;
  };
  virtual Evaluation evaluate(const Batch& batch, const float* h, double* column_sse) = 0;
  // Where the weights can be solved for with the layers before as they are: NULL otherwise. See FactoredRule.
  virtual FactoredRule* refitted() { return nullptr; }
  // The weights that evaluate uses, (columns x width) and bias (columns, or NULL), until the next step or write. NULL
  // where they are not there as such and `make` does not ask for them.
  struct PlainWeights {
    const ColumnWeights* weights = nullptr;
    const float* bias = nullptr;
  };
  virtual PlainWeights plain_weights(bool make) { return {}; }
  // out (rows x count): the chosen columns, or all in order with chosen == NULL.
  virtual void reconstruct(uint32_t rows, const float* h, const uint32_t* chosen, uint32_t count, float* out) = 0;

  // What is trained: "weight" and "bias". A tied layer leaves its weight to the input layer.
  virtual std::vector<TrainedTensor> tensors() { return {}; }
  // Where tensors() has none: those that are drawn like a dense layer's weight and bias all the same; then started().
  virtual std::vector<TrainedTensor> starting_tensors() { return {}; }
  virtual void started() {}
  // Other tensors of this layer, named like "weight".
  virtual std::vector<Tensor> more_tensors() { return {}; }
};

// An end whose gradients can be had apart from its update. One without them updates by a rule of its own, in train
// only.
class GradientOutput : public OutputLayer {
 public:
  // Whether the weight is the sparse input layer's too: then its gradient has a second share, the input layer's d_y
  // (rows x width), the update is made in two phases, and it is this layer that makes it.
  virtual bool tied() const noexcept { return false; }

  // Two phases, where an update must wait for all gradients. The first gives loss and d_h, and with want_norm the sum
  // of squares of its own gradients; then d_input is known (NULL unless tied) and the norm of the whole, or the update,
  // which returns that as well.
  virtual Result loss_backward(const Batch& batch, const float* h, double a, float* d_h, bool want_norm) = 0;
  virtual double gradient_sum_squares(const Batch& batch, const float* h, double a, const float* d_input) = 0;
  virtual double update(const Batch& batch, const float* h, double a, const float* d_input,
                        const OptimizerStep& step) = 0;

  // Adds to the gradients that tensors() lists; allocates them at first.
  virtual void add_gradient(const Batch& batch, const float* h, double a) = 0;
  virtual void zero_gradients() noexcept = 0;
  virtual void drop_gradients() noexcept = 0;
};

}  // namespace nrw
