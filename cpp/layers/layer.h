// A layer of the network: rows of one shape in, rows of another out. A row lies in memory as base/shape.h says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/parameter.h"

namespace nrw {

class InnerLayers;
struct OptimizerStep;
struct RowCode;

// What a pass through the layers is for.
struct Pass {
  uint32_t rows = 0;
  bool training = false;              // else: no random draws, running statistics
  uint64_t step = 0;                  // from 1; with the row ids the key of random draws. Training only
  const uint64_t* row_id = nullptr;   // rows. Training only
  double factor = 1;                  // the loss's for this batch: what a layer adds to the loss is multiplied by it
  const float* row_weight = nullptr;  // rows: what a layer adds to the loss for a row is multiplied by it; NULL: by 1
  const uint32_t* row_category = nullptr;  // rows: below the number of categories; NULL where no layer needs them

  double weight(size_t row) const noexcept { return row_weight == nullptr ? 1 : static_cast<double>(row_weight[row]); }
};

// An element-wise function y = f(x), as which a layer may offer itself to its neighbour. n elements, single-threaded.
class Elementwise {
 public:
  virtual ~Elementwise() = default;
  virtual void apply(size_t n, const float* x, float* y) const noexcept = 0;
  virtual void apply_backward(size_t n, const float* x, const float* d_y, float* d_x) const noexcept = 0;
};

// The element-wise layers after and before a layer, which applies them to each finished part of its own output while
// that is in cache. Without one they do nothing.
struct After {  // z = f(y) of the same place
  const Elementwise* function = nullptr;
  float* z = nullptr;
  void operator()(size_t at, size_t n, const float* y) const noexcept {
    if (function != nullptr) function->apply(n, y + at, z + at);
  }
};
struct Before {  // the gradient to x = f(u) becomes that to u, in place
  const Elementwise* function = nullptr;
  const float* u = nullptr;
  void operator()(size_t at, size_t n, float* d_x) const noexcept {
    if (function != nullptr) function->apply_backward(n, u + at, d_x + at, d_x + at);
  }
};

class Layer {
 public:
  virtual ~Layer() = default;

  // Room for batches of up to `rows` rows: the passes themselves allocate nothing. Called again with a larger number.
  virtual void reserve(uint32_t rows) {}

  // The operands that the passes make of the weights, with `training` also those of the backward pass: tasks
  // [0, pack_tasks()), in any order and at once, before a pass and again after the weights have changed.
  virtual size_t pack_tasks(bool training) const noexcept { return 0; }
  virtual void pack(size_t task) noexcept {}

  // y (rows x outputs) from x (rows x inputs).
  virtual void forward(const Pass& pass, const float* x, float* y) noexcept = 0;

  // d_x (rows x inputs, overwritten) from d_y (rows x outputs), after the forward pass of the same x in training mode.
  // Gradients of parameters are added to. d_x and d_y are different memory. d_x may be NULL: it is not needed.
  virtual void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept = 0;

  // Whether it applies a neighbouring element-wise layer itself, by the two functions below.
  virtual bool takes_neighbours() const noexcept { return false; }
  virtual void forward_with(const Pass& pass, const float* x, float* y, const After&) noexcept { forward(pass, x, y); }
  virtual void backward_with(const Pass& pass, const float* x, const float* d_y, float* d_x, const Before&) noexcept {
    backward(pass, x, d_y, d_x);
  }
  // Itself as the neighbour of such a layer.
  virtual const Elementwise* elementwise() const noexcept { return nullptr; }

  // A layer whose output is a code of few values a row, and the one behind it that decodes it: where `take_code` says
  // so, the passes from before the one to behind the other make no rows of all units. make_code and decode stand for
  // both forward passes, backward_to_code and backward_of_code for both backward passes.
  virtual bool take_code(Layer& before) { return false; }
  virtual void make_code(const Pass& pass, const float* x) noexcept {}
  virtual void decode(const Pass& pass, float* y) noexcept {}
  virtual void backward_to_code(const Pass& pass, const float* d_y) noexcept {}
  virtual void backward_of_code(const Pass& pass, const float* x, float* d_x) noexcept {}

  // The code of the last make_code, or of the last forward pass. NULL for layers that make none.
  virtual const RowCode* last_code() const noexcept { return nullptr; }

  // Before the backward pass of a step that waits for nothing: a layer may update parameters within it, which it marks
  // (Parameter::updated_within), where they are in cache. NULL: it adds to the gradients of all of them, as ever.
  virtual void update_within(const OptimizerStep* step) noexcept {}
  // The sum of squares of the gradients that were used up so, in the last backward pass.
  virtual double squares_within() const noexcept { return 0; }

  // After the starting values were drawn: what a layer makes of them.
  virtual void started() noexcept {}

  // What the last forward pass adds to the loss before it is multiplied by Pass::factor. Backward adds its gradient,
  // multiplied.
  virtual double penalty() const noexcept { return 0; }

  // Of a variational code: adds to sums (a value an output) the KL divergence from the prior of each output, in nats,
  // summed over the rows of the last forward pass.
  virtual void add_divergences(size_t rows, double* sums) const noexcept {}

  // Of a layer that hides places of a row: rows x places of the last forward pass in training, 1 where it is hidden.
  virtual const uint8_t* hidden() const noexcept { return nullptr; }

  // After an update: what the forward pass learned about the data becomes part of the layer.
  virtual void commit() noexcept {}

  // The layers within it; NULL where it has none.
  virtual InnerLayers* inner_layers() noexcept { return nullptr; }

  // Of a network of neurons: how many it has, and what they gave for the first rows of the last forward pass in the
  // round before the last one, from which the outputs are made; in a network of one round, in that round. Rows begin
  // `stride` floats apart.
  virtual size_t neurons() const noexcept { return 0; }
  virtual void neuron_values(size_t rows, float* out, size_t stride) const noexcept {}

  virtual std::vector<Parameter*> parameters() { return {}; }
  virtual std::vector<Buffer*> buffers() { return {}; }
};

}  // namespace nrw
