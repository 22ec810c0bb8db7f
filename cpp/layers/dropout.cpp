#include "layers/dropout.h"

#include <cmath>

#include "layers/row_draws.h"

namespace nrw {

namespace {

constexpr size_t kRows = 8;  // a task

constexpr Field kFields[] = {{.name = "rate",
                              .type = Field::Type::kNumber,
                              .about = "share of the values that are set to 0 in training",
                              .minimum = 0,
                              .maximum = 1,
                              .below = true,
                              .value = true,
                              .example = "0.1"}};

size_t workspace(const Settings&, const Shape&, const Shape& output, uint32_t rows, unsigned) {
  return size_t{rows} * output.size() * sizeof(float);
}

std::unique_ptr<Layer> make(const LayerContext& context) {
  return std::make_unique<Dropout>(context.products, context.output.size(), context.settings.number("rate"),
                                   context.seed, context.number);
}

}  // namespace

const LayerType dropout_type = {.name = "dropout",
                                .about = "sets values to 0 at random in training and scales the others up",
                                .fields = kFields,
                                .output = same_shape,
                                .tensors = no_tensors,
                                .workspace = workspace,
                                .make = make,
                                .noise = true,
                                .torch = "nn.Dropout({rate})",
                                .onnx = "x"};

Dropout::Dropout(Products& products, uint64_t width, double rate, uint64_t seed, uint32_t layer)
    : products_(products), width_(width), rate_(rate), seed_(seed), layer_(layer) {}

void Dropout::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t n = static_cast<size_t>(pass.rows) * width_;
  if (!pass.training) {
    std::copy_n(x, n, y);
    return;
  }
  const RowDraws draws(seed_, Purpose::kLayer, layer_, pass.step);
  const double threshold = std::ldexp(rate_, 32);  // a word below it drops
  const float kept = static_cast<float>(1 / (1 - rate_));
  for_blocks(products_.pool(), pass.rows, kRows, 16 * n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      float* const mask = mask_.data() + i * width_;
      for (uint64_t unit = 0; unit < width_; unit += RowDraws::kWords) {
        const auto words = draws.block(pass.row_id[i], unit / RowDraws::kWords);
        const uint64_t end = std::min(unit + RowDraws::kWords, width_);
        for (uint64_t j = unit; j < end; ++j) mask[j] = words[j - unit] < threshold ? 0 : kept;
      }
      for (uint64_t j = 0; j < width_; ++j) y[i * width_ + j] = x[i * width_ + j] * mask[j];
    }
  });
}

void Dropout::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  if (d_x == nullptr) return;
  const size_t n = static_cast<size_t>(pass.rows) * width_;
  for (size_t i = 0; i < n; ++i) d_x[i] = d_y[i] * mask_[i];
}

}  // namespace nrw
