// A layer between the sparse input layer and the output layer: dense rows in, dense rows out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned_buffer.h"

namespace nrw {

// A trained tensor in PyTorch's shape and order, with its gradient and the optimizer's state.
struct Parameter {
  const char* name = "";  // "weight" or "bias"
  uint32_t rows = 0;      // first dimension
  uint32_t columns = 0;   // second dimension; 0 for a vector
  AlignedBuffer<float> value, gradient;
  AlignedBuffer<float> moment1, moment2;  // like value, or empty: OptimizerStep::moments()

  size_t size() const noexcept { return static_cast<size_t>(rows) * (columns == 0 ? 1 : columns); }
  void allocate(int moments) {
    value = AlignedBuffer<float>(size());
    gradient = AlignedBuffer<float>(size());
    if (moments > 0) moment1 = AlignedBuffer<float>(size());
    if (moments > 1) moment2 = AlignedBuffer<float>(size());
  }
};

// State that is saved but not trained: a float vector, or one count.
struct Buffer {
  const char* name = "";
  AlignedBuffer<float> value;
  int64_t count = 0;
  bool is_count = false;
};

// What a pass through the layers is for.
struct Pass {
  uint32_t rows = 0;
  bool training = false;             // else: no dropout, running statistics
  uint64_t step = 0;                 // from 1; with the row ids the key of random draws. Training only
  const uint64_t* row_id = nullptr;  // rows. Training only
};

class Layer {
 public:
  virtual ~Layer() = default;

  // Room for batches of up to `rows` rows: the passes themselves allocate nothing. Called again with a larger number.
  virtual void reserve(uint32_t rows) {}

  // y (rows x outputs) from x (rows x inputs).
  virtual void forward(const Pass& pass, const float* x, float* y) noexcept = 0;

  // d_x (rows x inputs, overwritten) from d_y (rows x outputs), after the forward pass of the same x in training mode.
  // Gradients of parameters are added to. d_x and d_y are different memory.
  virtual void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept = 0;

  // After an update: what the forward pass learned about the data becomes part of the layer.
  virtual void commit() noexcept {}

  virtual std::vector<Parameter*> parameters() { return {}; }
  virtual std::vector<Buffer*> buffers() { return {}; }
};

}  // namespace nrw
