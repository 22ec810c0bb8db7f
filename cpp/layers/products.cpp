#include "layers/products.h"

namespace nrw {

void Products::multiply(size_t m, size_t n, size_t k, MatrixView a, MatrixView b, float* c, bool accumulate) noexcept {
  if (small(m, n, k)) {
    kernels_.small_gemm(m, n, k, a.data, a.row_stride, a.column_stride, b.data, b.row_stride, b.column_stride, c, n,
                        accumulate);
    return;
  }
  float* const packed = packed_.data();
  for_blocks(pool_, n, kPanel, k * n, [&](size_t first, size_t count) {
    kernels_.pack_b(k, count, b.data + first * b.column_stride, b.row_stride, b.column_stride, packed + first * k);
  });
  const Blocks blocks(m, n, pool_.size());
  run_tasks(pool_, blocks.count(), m * n * k, [&](size_t task, unsigned) {
    const size_t row = blocks.row(task), column = blocks.column(task);
    kernels_.gemm(blocks.rows(task), blocks.columns(task), k, a.data + row * a.row_stride, a.row_stride,
                  a.column_stride, packed + column * k, c + row * n + column, n, accumulate);
  });
}

void Products::add_to_rows(size_t rows, size_t width, const float* x, float* y) noexcept {
  for_blocks(pool_, rows, 24, rows * width, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) kernels_.add(width, x, y + i * width);
  });
}

void Products::add_column_sums(size_t rows, size_t width, const float* x, float* sums) noexcept {
  for_blocks(pool_, width, kPanel, rows * width, [&](size_t first, size_t count) {
    float sum[kPanel] = {};
    for (size_t i = 0; i < rows; ++i) kernels_.add(count, x + i * width + first, sum);
    kernels_.add(count, sum, sums + first);
  });
}

}  // namespace nrw
