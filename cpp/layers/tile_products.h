// The three products of the dense output layer on a tile of columns, in f32 or with bf16 operands:
//   R^T = W h^T (count x m),  d_h = R W (m x width),  d_W = R^T h (count x width)
// W (count x width) is the tile's rows, R^T has a leading dimension of its own; sums are f32 in both.
#pragma once

#include <memory>

#include "base/aligned_buffer.h"
#include "base/thread_pool.h"
#include "kernels/bf16.h"
#include "kernels/kernels.h"

namespace nrw {

class TileProducts {
 public:
  // The tile's rows of W, R^T, and the worker's workspace.
  struct Tile {
    size_t count;
    const float* w;
    size_t w_stride;
    float* residual;
    size_t residual_stride;
    float* space;
  };

  virtual ~TileProducts() = default;
  virtual size_t strip() const noexcept = 0;  // columns of d_W to make at a time
  // Floats of workspace a worker needs for tiles of `count` columns.
  virtual size_t workspace(size_t count, size_t m, size_t width) const noexcept = 0;
  // Before a walk: h (m x width) as the operand of R^T, and with `gradient` of d_W.
  virtual void pack(size_t m, size_t width, const float* h, bool gradient) = 0;
  // In this order on each tile. with_d_h: d_h is called afterwards, with W as it is now. ahead: what is needed next; in
  // f32 it comes from memory while the product runs.
  virtual void residual(const Tile& tile, bool with_d_h, const Ahead& ahead) const noexcept = 0;
  virtual void d_h(const Tile& tile, float* d_h, bool accumulate, const Ahead& ahead) const noexcept = 0;
  // Rows [first, first + count) of d_W, at most strip() of them.
  virtual void d_w(const Tile& tile, size_t first, size_t count, float* d_w, size_t stride,
                   const Ahead& ahead) const noexcept = 0;
};

std::unique_ptr<TileProducts> f32_products(const Kernels& kernels, ThreadPool& pool);
std::unique_ptr<TileProducts> bf16_products(const Bf16Kernels& kernels, ThreadPool& pool);

}  // namespace nrw
