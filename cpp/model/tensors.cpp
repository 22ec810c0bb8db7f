#include "model/tensors.h"

#include <algorithm>
#include <cstring>

namespace nrw {

FloatView FloatView::of(const Parameter& parameter, AlignedBuffer<float>& array) {
  const size_t rows = parameter.sizes.empty() ? 0 : parameter.sizes[0];
  const size_t columns = rows == 0 ? 1 : parameter.size() / rows;
  return {array.data(), rows, columns, columns, 1};
}

FloatView FloatView::input_weight(const ColumnWeights& w, AlignedBuffer<float>& array) {
  return {array.data(), w.width, w.columns, 1, w.stride};
}

FloatView FloatView::output_weight(const ColumnWeights& w, AlignedBuffer<float>& array, size_t heads) {
  return {array.data(), w.columns, w.width, w.stride, 1, heads};
}

TrainedTensor TrainedTensor::of(Parameter& p) {
  return {p.name,
          p.sizes,
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
        float* const column = view.data + c * view.column_stride;
        for (size_t r = top; r < bottom; ++r) body(column[view.row_at(first + r)], r * view.columns + c);
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
      std::memcpy(out + r * tensor.row_bytes(), view.data + view.row_at(first + r), tensor.row_bytes());
    }
  } else {
    walk(pool, view, first, rows,
         [&](const float& element, size_t at) { std::memcpy(out + at * sizeof(float), &element, sizeof(float)); });
  }
}

void read_column(const Tensor& tensor, size_t column, uint8_t* out) {
  const FloatView& view = tensor.view;
  if (tensor.computed == nullptr) {
    for (size_t r = 0; r < view.rows; ++r) {
      const float* const element = view.data + view.row_at(r) + column * view.column_stride;
      std::memcpy(out + r * sizeof(float), element, sizeof(float));
    }
    return;
  }
  constexpr size_t kBytes = 1 << 20;
  const size_t row = tensor.row_bytes(), block = std::max<size_t>(1, kBytes / row);
  AlignedBuffer<uint8_t> values(block * row);
  for (size_t first = 0; first < view.rows; first += block) {
    const size_t rows = std::min(block, view.rows - first);
    tensor.computed->read(first, rows, values.data());
    for (size_t r = 0; r < rows; ++r) {
      std::memcpy(out + (first + r) * sizeof(float), values.data() + r * row + column * sizeof(float), sizeof(float));
    }
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
      std::memcpy(view.data + view.row_at(first + r), in + r * tensor.row_bytes(), tensor.row_bytes());
    }
  } else {
    walk(pool, view, first, rows,
         [&](float& element, size_t at) { std::memcpy(&element, in + at * sizeof(float), sizeof(float)); });
  }
}

namespace {

// All that a view spans, padding included.
TensorRows::Memory memory_of(const Tensor& tensor) {
  if (tensor.computed != nullptr) return tensor.computed->memory();
  const FloatView& view = tensor.view;
  if (view.data == nullptr || view.rows == 0 || view.columns == 0) return {};
  const size_t floats = (view.rows - 1) * view.row_stride + (view.columns - 1) * view.column_stride + 1;
  return {reinterpret_cast<uint8_t*>(view.data), floats * sizeof(float)};
}

}  // namespace

void copy_tensor(ThreadPool& pool, const Tensor& from, const Tensor& to) {
  if (from.count != nullptr) {
    *to.count = *from.count;
    return;
  }
  const TensorRows::Memory source = memory_of(from), target = memory_of(to);
  if (source.data == nullptr) {
    if (from.computed == nullptr) return;
    AlignedBuffer<uint8_t> rows(from.first_dimension() * from.row_bytes());
    from.computed->read(0, from.first_dimension(), rows.data());
    to.computed->write(0, from.first_dimension(), rows.data());
    return;
  }
  constexpr size_t kBlock = 1 << 20;
  pool.run((source.bytes + kBlock - 1) / kBlock, [&](size_t block, unsigned) {
    const size_t first = block * kBlock;
    std::memcpy(target.data + first, source.data + first, std::min(kBlock, source.bytes - first));
  });
  if (to.computed != nullptr) to.computed->written();
}

}  // namespace nrw
