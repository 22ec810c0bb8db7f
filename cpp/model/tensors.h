// The saved tensors of a network: a list in PyTorch's names, shapes and order, each a view into the memory that
// the layers work on, whatever its layout.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "layers/column_weights.h"
#include "layers/layer.h"
#include "narrows.h"

namespace nrw {

// A matrix of floats: element (r, c) at data[row_at(r) + c * column_stride].
struct FloatView {
  float* data = nullptr;
  size_t rows = 0, columns = 1;
  size_t row_stride = 1, column_stride = 1;
  size_t heads = 1;  // the rows are of that many heads, one head after the other; in memory they lie by turns

  size_t row_at(size_t r) const noexcept {
    if (heads == 1) return r * row_stride;
    const size_t of_a_head = rows / heads;
    return (r % of_a_head * heads + r / of_a_head) * row_stride;
  }

  static FloatView vector(float* data, size_t size, size_t heads = 1) { return {data, size, 1, 1, 1, heads}; }
  // One of a parameter's arrays.
  static FloatView of(const Parameter& parameter, AlignedBuffer<float>& array);
  // One of the arrays of column weights, as PyTorch's weight of the layer before which the columns come (width x
  // columns) or after which they come ((heads x columns) x width).
  static FloatView input_weight(const ColumnWeights& w, AlignedBuffer<float>& array);
  static FloatView output_weight(const ColumnWeights& w, AlignedBuffer<float>& array, size_t heads);
};

// A trained tensor and what goes with it; views without data are not there.
struct TrainedTensor {
  std::string name;
  std::vector<uint32_t> sizes;
  FloatView value, moment1, moment2, gradient;

  static TrainedTensor of(Parameter& parameter);
};

// A tensor that is worked out when it is asked for, or kept in another type than f32.
class TensorRows {
 public:
  virtual ~TensorRows() = default;
  virtual void read(size_t first, size_t rows, uint8_t* out) = 0;
  virtual void write(size_t first, size_t rows, const uint8_t* in) = 0;
  // The memory that the rows lie in, padding included, where they lie in one piece; after writing there, written().
  struct Memory {
    uint8_t* data = nullptr;
    size_t bytes = 0;
  };
  virtual Memory memory() noexcept { return {}; }
  virtual void written() noexcept {}
};

// One entry of the list that narrows.h shows.
struct Tensor {
  std::string name;
  uint32_t role = NRW_ROLE_PARAMETER;
  std::vector<uint32_t> sizes;  // PyTorch's; empty for a scalar
  FloatView view;               // with the first of the sizes as rows, the others together as columns
  int64_t* count = nullptr;     // instead of the view: a scalar of type NRW_I64
  // Or instead of the view's data, whose sizes hold: rows of that type.
  std::shared_ptr<TensorRows> computed = nullptr;
  uint32_t computed_type = NRW_F32;
  bool derived = false;  // follows from other tensors of the list

  uint32_t type() const noexcept { return count != nullptr ? uint32_t{NRW_I64} : computed_type; }
  size_t first_dimension() const noexcept { return count != nullptr ? 1 : view.rows; }
  size_t row_bytes() const noexcept {
    return count != nullptr ? sizeof(int64_t)
                            : view.columns * (computed_type == NRW_F64 ? sizeof(double) : sizeof(float));
  }
};

// Rows [first, first + rows) of the first dimension, dense, to `out` or from `in`. A transposed layout is walked in
// blocks: efficient from 16 rows on.
void read_rows(ThreadPool& pool, const Tensor& tensor, size_t first, size_t rows, uint8_t* out);
void write_rows(ThreadPool& pool, const Tensor& tensor, size_t first, size_t rows, const uint8_t* in);
// The value at place `column` of each row, of a tensor of NRW_F32.
void read_column(const Tensor& tensor, size_t column, uint8_t* out);

// What `from` holds, to the same tensor of another network, in the layout that both have in memory.
void copy_tensor(ThreadPool& pool, const Tensor& from, const Tensor& to);

}  // namespace nrw
