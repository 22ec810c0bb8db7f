#include "layers/tile_products.h"

#include <algorithm>

#include "layers/products.h"

namespace nrw {

namespace {

class F32Products final : public TileProducts {
 public:
  F32Products(const Kernels& kernels, ThreadPool& pool) : kernels_(kernels), pool_(pool) {}

  size_t strip() const noexcept override { return 48; }  // micro-kernels of 4, 6, 8 and 12 rows fit

  size_t workspace(size_t count, size_t m, size_t width) const noexcept override {
    return count * ((width + kPanel - 1) / kPanel * kPanel);  // W's rows as a packed B
  }

  void pack(size_t m, size_t width, const float* h, bool gradient) override {
    m_ = m;
    width_ = width;
    const size_t panels_m = (m + kPanel - 1) / kPanel, panels_width = gradient ? (width + kPanel - 1) / kPanel : 0;
    packed_ht_.reserve(panels_m * kPanel * width);
    packed_h_.reserve(panels_width * kPanel * m);
    run_tasks(pool_, panels_m + panels_width, 2 * m * width, [&](size_t task, unsigned) {
      if (task < panels_m) {
        const size_t first = task * kPanel;
        kernels_.pack_b(width, std::min(kPanel, m - first), h + first * width, 1, width,
                        packed_ht_.data() + first * width);
      } else {
        const size_t first = (task - panels_m) * kPanel;
        kernels_.pack_b(m, std::min(kPanel, width - first), h + first, width, 1, packed_h_.data() + first * m);
      }
    });
  }

  void residual(const Tile& tile, bool, const Ahead& ahead) const noexcept override {
    kernels_.gemm_ahead(tile.count, m_, width_, tile.w, tile.w_stride, 1, packed_ht_.data(), tile.residual,
                        tile.residual_stride, false, ahead);
  }

  void d_h(const Tile& tile, float* d_h, bool accumulate, const Ahead& ahead) const noexcept override {
    kernels_.pack_b(tile.count, width_, tile.w, tile.w_stride, 1, tile.space);
    kernels_.gemm_ahead(m_, width_, tile.count, tile.residual, 1, tile.residual_stride, tile.space, d_h, width_,
                        accumulate, ahead);
  }

  void d_w(const Tile& tile, size_t first, size_t count, float* d_w, size_t stride,
           const Ahead& ahead) const noexcept override {
    kernels_.gemm_ahead(count, width_, m_, tile.residual + first * tile.residual_stride, tile.residual_stride, 1,
                        packed_h_.data(), d_w, stride, false, ahead);
  }

 private:
  const Kernels& kernels_;
  ThreadPool& pool_;
  size_t m_ = 0, width_ = 0;
  AlignedBuffer<float> packed_ht_;  // h^T (width x m) as a packed B: for R^T
  AlignedBuffer<float> packed_h_;   // h (m x width) as a packed B: for d_W
};

class Bf16Products final : public TileProducts {
 public:
  Bf16Products(const Bf16Kernels& kernels, ThreadPool& pool) : kernels_(kernels), pool_(pool) {}

  size_t strip() const noexcept override { return 32; }  // AMX makes 32 rows at a time

  size_t workspace(size_t count, size_t m, size_t width) const noexcept override {
    return (bf16_packed_size(count, width) + bf16_packed_size(width, count) + bf16_packed_size(m, count) +
            bf16_packed_size(strip(), m)) /
           2;
  }

  void pack(size_t m, size_t width, const float* h, bool gradient) override {
    m_ = m;
    width_ = width;
    packed_ht_.reserve(bf16_packed_size(m, width));
    if (!gradient) {
      kernels_.pack_b_transposed(width, m, h, width, packed_ht_.data());
      return;
    }
    packed_h_.reserve(bf16_packed_size(width, m));
    rows_.reserve(bf16_packed_size(m, width));
    pool_.run(2, [&](size_t task, unsigned) {
      if (task == 0) {
        kernels_.pack_b_transposed(width, m, h, width, packed_ht_.data());
      } else {
        kernels_.pack_rows(m, width, h, width, rows_.data(), packed_h_.data());
      }
    });
  }

  // W is read once, for both of its products.
  void residual(const Tile& tile, bool with_d_h, const Ahead&) const noexcept override {
    const Space space = space_of(tile);
    kernels_.pack_rows(tile.count, width_, tile.w, tile.w_stride, space.w, with_d_h ? space.w_pairs : nullptr);
    kernels_.gemm(tile.count, m_, width_, space.w, packed_ht_.data(), tile.residual, tile.residual_stride, false);
  }

  void d_h(const Tile& tile, float* d_h, bool accumulate, const Ahead&) const noexcept override {
    const Space space = space_of(tile);
    kernels_.pack_a_transposed(m_, tile.count, tile.residual, tile.residual_stride, space.residual);
    kernels_.gemm(m_, width_, tile.count, space.residual, space.w_pairs, d_h, width_, accumulate);
  }

  void d_w(const Tile& tile, size_t first, size_t count, float* d_w, size_t stride,
           const Ahead&) const noexcept override {
    Bf16* const rows = space_of(tile).strip;
    kernels_.pack_rows(count, m_, tile.residual + first * tile.residual_stride, tile.residual_stride, rows, nullptr);
    kernels_.gemm(count, width_, m_, rows, packed_h_.data(), d_w, stride, false);
  }

 private:
  struct Space {
    Bf16 *w, *w_pairs;  // W as an A (count x width) and as a B
    Bf16* residual;     // R as an A (m x count)
    Bf16* strip;        // rows of R^T as an A (strip() x m)
  };
  Space space_of(const Tile& tile) const noexcept {
    Bf16* const w = reinterpret_cast<Bf16*>(tile.space);
    Bf16* const pairs = w + bf16_packed_size(tile.count, width_);
    Bf16* const residual = pairs + bf16_packed_size(width_, tile.count);
    return {w, pairs, residual, residual + bf16_packed_size(m_, tile.count)};
  }

  const Bf16Kernels& kernels_;
  ThreadPool& pool_;
  size_t m_ = 0, width_ = 0;
  AlignedBuffer<Bf16> packed_ht_, packed_h_;  // as F32Products'
  AlignedBuffer<Bf16> rows_;                  // h as an A: a by-product
};

}  // namespace

std::unique_ptr<TileProducts> f32_products(const Kernels& kernels, ThreadPool& pool) {
  return std::make_unique<F32Products>(kernels, pool);
}
std::unique_ptr<TileProducts> bf16_products(const Bf16Kernels& kernels, ThreadPool& pool) {
  return std::make_unique<Bf16Products>(kernels, pool);
}

}  // namespace nrw
