#include "layers/dropout.h"

#include <cmath>

#include "base/philox.h"

namespace nrw {

namespace {
constexpr size_t kRows = 8;  // a task
}

Dropout::Dropout(Products& products, uint32_t width, double rate, uint64_t seed, uint32_t layer)
    : products_(products), width_(width), rate_(rate), seed_(seed), layer_(layer) {}

void Dropout::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t n = static_cast<size_t>(pass.rows) * width_;
  if (!pass.training) {
    std::copy_n(x, n, y);
    return;
  }
  const auto word = draw(seed_, Purpose::kDropout, layer_, pass.step);
  const uint64_t key = static_cast<uint64_t>(word[1]) << 32 | word[0];
  const double threshold = std::ldexp(rate_, 32);  // a word below it drops
  const float kept = static_cast<float>(1 / (1 - rate_));
  for_blocks(products_.pool(), pass.rows, kRows, 16 * n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const uint64_t row = pass.row_id[i];
      float* const mask = mask_.data() + i * width_;
      for (uint32_t unit = 0; unit < width_; unit += 4) {
        const auto words = philox(key, {unit / 4, 0, static_cast<uint32_t>(row), static_cast<uint32_t>(row >> 32)});
        for (uint32_t j = unit; j < std::min(unit + 4, width_); ++j) mask[j] = words[j - unit] < threshold ? 0 : kept;
      }
      for (uint32_t j = 0; j < width_; ++j) y[i * width_ + j] = x[i * width_ + j] * mask[j];
    }
  });
}

void Dropout::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const size_t n = static_cast<size_t>(pass.rows) * width_;
  for (size_t i = 0; i < n; ++i) d_x[i] = d_y[i] * mask_[i];
}

}  // namespace nrw
