#include "model/tensors.h"

#include <algorithm>
#include <cstring>

namespace nrw {

FloatView FloatView::of(const Parameter& parameter, AlignedBuffer<float>& array) {
  const size_t columns = std::max(1u, parameter.columns);
  return {array.data(), parameter.rows, columns, columns, 1};
}

FloatView FloatView::input_weight(const ColumnWeights& w, AlignedBuffer<float>& array) {
  return {array.data(), w.width, w.columns, 1, w.stride};
}

FloatView FloatView::output_weight(const ColumnWeights& w, AlignedBuffer<float>& array) {
  return {array.data(), w.columns, w.width, w.stride, 1};
}

TrainedTensor TrainedTensor::of(Parameter& p) {
  return {p.name,
          p.columns == 0 ? 1u : 2u,
          FloatView::of(p, p.value),
          FloatView::of(p, p.moment1),
          FloatView::of(p, p.moment2),
          FloatView::of(p, p.gradient)};
}

namespace {

// body(element of the view, position in the dense rows) for all of rows [first, first + rows), in tiles that keep both
// sides in the first-level cache.
template <class Body>
void walk(ThreadPool& pool, const FloatView& view, size_t first, size_t rows, Body&& body) {
  constexpr size_t kColumns = 64, kRows = 64;
  const size_t blocks = (view.columns + kColumns - 1) / kColumns;
  pool.run(blocks, [&](size_t block, unsigned) {
    const size_t begin = block * kColumns, end = std::min(begin + kColumns, view.columns);
    for (size_t top = 0; top < rows; top += kRows) {
      const size_t bottom = std::min(top + kRows, rows);
      for (size_t c = begin; c < end; ++c) {
        float* const column = view.data + first * view.row_stride + c * view.column_stride;
        for (size_t r = top; r < bottom; ++r) body(column[r * view.row_stride], r * view.columns + c);
      }
    }
  });
}

// Whether rows lie in memory as they do in a file: then they are copied.
bool dense_rows(const FloatView& view) { return view.column_stride == 1; }

}  // namespace

void read_rows(ThreadPool& pool, const Tensor& tensor, size_t first, size_t rows, uint8_t* out) {
  const FloatView& view = tensor.view;
  if (tensor.count != nullptr) {
    if (rows != 0) std::memcpy(out, tensor.count, sizeof(int64_t));
  } else if (tensor.computed != nullptr) {
    if (rows != 0) tensor.computed->read(first, rows, out);
  } else if (dense_rows(view)) {
    for (size_t r = 0; r < rows; ++r) {
      std::memcpy(out + r * tensor.row_bytes(), view.data + (first + r) * view.row_stride, tensor.row_bytes());
    }
  } else {
    walk(pool, view, first, rows,
         [&](const float& element, size_t at) { std::memcpy(out + at * sizeof(float), &element, sizeof(float)); });
  }
}

void write_rows(ThreadPool& pool, const Tensor& tensor, size_t first, size_t rows, const uint8_t* in) {
  const FloatView& view = tensor.view;
  if (tensor.count != nullptr) {
    if (rows != 0) std::memcpy(tensor.count, in, sizeof(int64_t));
  } else if (tensor.computed != nullptr) {
    if (rows != 0) tensor.computed->write(first, rows, in);
  } else if (dense_rows(view)) {
    for (size_t r = 0; r < rows; ++r) {
      std::memcpy(view.data + (first + r) * view.row_stride, in + r * tensor.row_bytes(), tensor.row_bytes());
    }
  } else {
    walk(pool, view, first, rows,
         [&](float& element, size_t at) { std::memcpy(&element, in + at * sizeof(float), sizeof(float)); });
  }
}

}  // namespace nrw
