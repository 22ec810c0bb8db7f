// Products and sums of dense matrices over the thread pool. Tasks have a fixed shape, and an element's sum is made by
// one task in one order, so the bits do not depend on the number of threads.
#pragma once

#include <algorithm>

#include "base/aligned_buffer.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace nrw {

// body(task, worker) for each task. `work` is the operations in all: too few are not worth waking threads for.
template <class Body>
void run_tasks(ThreadPool& pool, size_t tasks, size_t work, Body&& body) noexcept {
  if (work < 20000) {
    for (size_t task = 0; task < tasks; ++task) body(task, 0u);
  } else {
    pool.run(tasks, body);
  }
}

// body(first, count) over [0, n) in blocks.
template <class Body>
void for_blocks(ThreadPool& pool, size_t n, size_t block, size_t work, Body&& body) noexcept {
  run_tasks(pool, (n + block - 1) / block, work,
            [&](size_t task, unsigned) { body(task * block, std::min(block, n - task * block)); });
}

// A product C (m x n) in blocks, a task each: some rows of one panel of columns. There are about four tasks per thread,
// because blocks of few rows make too little use of a panel. Any blocks give the same bits.
struct Blocks {
  size_t m, n, row_block, row_blocks;
  Blocks(size_t m, size_t n, unsigned threads) noexcept : m(m), n(n) {
    constexpr size_t kFewest = 24, kMicroRows = 6;
    const size_t panels = (n + kPanel - 1) / kPanel, wanted = (4 * threads + panels - 1) / std::max<size_t>(1, panels);
    row_block = std::max(kFewest, (m + wanted * kMicroRows - 1) / (wanted * kMicroRows) * kMicroRows);
    row_blocks = (m + row_block - 1) / row_block;
  }
  size_t count() const noexcept { return row_blocks * ((n + kPanel - 1) / kPanel); }
  size_t row(size_t task) const noexcept { return task % row_blocks * row_block; }
  size_t rows(size_t task) const noexcept { return std::min(row_block, m - row(task)); }
  size_t column(size_t task) const noexcept { return task / row_blocks * kPanel; }
  size_t columns(size_t task) const noexcept { return std::min(kPanel, n - column(task)); }
};

// Element (i, j) at data[i * row_stride + j * column_stride].
struct MatrixView {
  const float* data = nullptr;
  size_t row_stride = 0, column_stride = 1;
  MatrixView transposed() const noexcept { return {data, column_stride, row_stride}; }
};

class Products {
 public:
  Products(const Kernels& kernels, ThreadPool& pool) : kernels_(kernels), pool_(pool) {}

  const Kernels& kernels() const noexcept { return kernels_; }
  ThreadPool& pool() const noexcept { return pool_; }

  // Whether a product is so small that packing B would cost more than it saves.
  bool small(size_t m, size_t n, size_t k) const noexcept {
    constexpr size_t kWork = 8192;
    return n <= kSmallColumns && k <= kSmallDepth && m * n * k <= kWork && kernels_.small_gemm != nullptr;
  }

  // Floats that multiply packs B (k x n) into, and room for them.
  static size_t packed_size(size_t k, size_t n) noexcept { return k * ((n + kPanel - 1) / kPanel) * kPanel; }
  void reserve(size_t k, size_t n) { packed_.reserve(packed_size(k, n)); }

  // C (m x n, rows of n floats) = A B, or += with accumulate. A (m x k), B (k x n). Room was reserved for B.
  void multiply(size_t m, size_t n, size_t k, MatrixView a, MatrixView b, float* c, bool accumulate) noexcept;

  // Each of the rows of y (rows x width) += x (width).
  void add_to_rows(size_t rows, size_t width, const float* x, float* y) noexcept;
  // sums (width) += the sum of the rows of x (rows x width).
  void add_column_sums(size_t rows, size_t width, const float* x, float* sums) noexcept;

 private:
  const Kernels& kernels_;
  ThreadPool& pool_;
  AlignedBuffer<float> packed_;
};

}  // namespace nrw
