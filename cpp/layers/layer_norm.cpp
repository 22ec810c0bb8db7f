#include "layers/layer_norm.h"

namespace nrw {

LayerNorm::LayerNorm(Products& products, uint32_t width, double eps) : products_(products), width_(width), eps_(eps) {
  gamma_.name = "weight";
  beta_.name = "bias";
  gamma_.rows = beta_.rows = width;
}

void LayerNorm::reserve(uint32_t rows) {
  mean_.reserve(rows);
  rstd_.reserve(rows);
}

void LayerNorm::forward(const Pass& pass, const float* x, float* y) noexcept {
  for_blocks(products_.pool(), pass.rows, 8, 4 * size_t{pass.rows} * width_, [&](size_t first, size_t count) {
    layer_norm_forward(count, width_, eps_, x + first * width_, gamma_.value.data(), beta_.value.data(),
                       y + first * width_, mean_.data() + first, rstd_.data() + first);
  });
}

void LayerNorm::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const size_t work = 4 * size_t{pass.rows} * width_;
  for_blocks(products_.pool(), width_, 16, work, [&](size_t first, size_t count) {
    layer_norm_parameters(pass.rows, width_, first, count, x, mean_.data(), rstd_.data(), d_y, gamma_.gradient.data(),
                          beta_.gradient.data());
  });
  for_blocks(products_.pool(), pass.rows, 8, work, [&](size_t first, size_t count) {
    const size_t at = first * width_;
    layer_norm_backward(count, width_, x + at, gamma_.value.data(), mean_.data() + first, rstd_.data() + first,
                        d_y + at, d_x + at);
  });
}

}  // namespace nrw
