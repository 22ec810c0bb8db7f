#include "layers/dense_input.h"

#include <algorithm>

#include "layers/products.h"

namespace nrw {

namespace {

// Columns whose weights are packed and multiplied at a time: wide data do not need a second copy of W. A multiple of
// the depth by which the product's sums are cut (kernels/simd/gemm.h), so any number of columns gives the bits of one
// product.
constexpr size_t kSlab = 4096;

// Columns whose gradient is made and used up at a time, as the output layer's; micro-kernels of 4, 6, 8 and 12 rows
// fit.
constexpr size_t kStrip = 48;

MatrixView inputs(const Batch& batch, size_t column) noexcept {
  const size_t stride = batch.dense().stride();
  return {batch.dense().inputs() + column * stride, 1, stride};
}

}  // namespace

size_t DenseInput::packed_size(size_t columns, size_t width) noexcept {
  return Products::packed_size(std::min(columns, kSlab), width);
}

size_t DenseInput::strip_size(size_t rows, size_t width, size_t stride, size_t threads) noexcept {
  return Products::packed_size(rows, width) + threads * kStrip * stride;
}

void DenseInput::forward(const Batch& batch, ColumnWeights& w, const float* bias, float* y, const After& after) {
  const size_t m = batch.rows, width = w.width, columns = w.columns;
  if (m == 0) return;
  packed_w_.reserve(packed_size(columns, width));
  float* const packed = packed_w_.data();
  const Blocks blocks(m, width, pool_.size());
  for (size_t first = 0; first < columns; first += kSlab) {
    const size_t k = std::min(kSlab, columns - first);
    const bool last = first + k == columns;
    for_blocks(pool_, width, kPanel, k * width, [&](size_t column, size_t count) {
      kernels_.pack_b(k, count, w.row(first) + column, w.stride, 1, packed + column * k);
    });
    const MatrixView x = inputs(batch, first);
    run_tasks(pool_, blocks.count(), m * width * k, [&](size_t task, unsigned) {
      const size_t row = blocks.row(task), rows = blocks.rows(task);
      const size_t column = blocks.column(task), count = blocks.columns(task);
      kernels_.gemm(rows, count, k, x.data + row * x.row_stride, x.row_stride, x.column_stride, packed + column * k,
                    y + row * width + column, width, first != 0);
      for (size_t i = row; last && i < row + rows; ++i) {
        if (bias != nullptr) kernels_.add(count, bias + column, y + i * width + column);
        after(i * width + column, count, y);
      }
    });
  }
}

// use(column, gradient): called for every column, concurrently over strips of columns and in rising order within one.
// Returns the sum of squares of the gradients.
template <class Use>
double DenseInput::for_each_gradient(const Batch& batch, const float* d_y, const ColumnWeights& w, Use&& use) {
  const size_t m = batch.rows, width = w.width, columns = w.columns, strips = (columns + kStrip - 1) / kStrip;
  const size_t packed_floats = Products::packed_size(m, width), strip_floats = kStrip * w.stride;
  workspace_.reserve(packed_floats + pool_.size() * strip_floats);
  partial_.reserve(strips);
  float* const packed = workspace_.data();
  for_blocks(pool_, width, kPanel, m * width,
             [&](size_t first, size_t count) { kernels_.pack_b(m, count, d_y + first, width, 1, packed + first * m); });
  const auto one = [&](size_t strip, unsigned worker) {
    float* const gradients = packed + packed_floats + worker * strip_floats;
    const size_t first = strip * kStrip, count = std::min(kStrip, columns - first);
    const MatrixView x = inputs(batch, first).transposed();
    kernels_.gemm(count, width, m, x.data, x.row_stride, x.column_stride, packed, gradients, w.stride, false);
    double squares = 0;
    for (size_t i = 0; i < count; ++i) {
      const float* const gradient = gradients + i * w.stride;
      squares += kernels_.sum_squares(width, gradient);
      use(first + i, gradient);
    }
    partial_[strip] = squares;
  };
  run_tasks(pool_, strips, m * width * columns, one);
  double squares = 0;
  for (size_t strip = 0; strip < strips; ++strip) squares += partial_[strip];
  return squares;
}

double DenseInput::backward_update(const Batch& batch, const float* d_y, ColumnWeights& w, const OptimizerStep& step,
                                   bool, const double*) {
  require_moments(step, w.value.size(), w.moment1, w.moment2);
  return for_each_gradient(
      batch, d_y, w, [&](size_t column, const float* gradient) { w.update_row(kernels_, step, column, gradient); });
}

double DenseInput::gradient_sum_squares(const Batch& batch, const float* d_y, const ColumnWeights& w, const double*) {
  return for_each_gradient(batch, d_y, w, [](size_t, const float*) {});
}

void DenseInput::add_gradient(const Batch& batch, const float* d_y, const ColumnWeights& w, float* d_w) {
  for_each_gradient(batch, d_y, w, [&](size_t column, const float* gradient) {
    kernels_.add(w.width, gradient, d_w + column * w.stride);
  });
}

}  // namespace nrw
