#include "layers/dropout.h"

#include <bit>
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

// Whose order as signed numbers is that of the words, since signed numbers are what all processors compare in vectors.
int32_t signed_order(uint32_t word) noexcept { return static_cast<int32_t>(word ^ 0x80000000u); }

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
  const RowDraws draws(products_.kernels(), seed_, Purpose::kLayer, layer_, pass.step);
  const auto threshold = static_cast<uint32_t>(std::min(std::ceil(std::ldexp(rate_, 32)), 0xFFFFFFFFp0));
  const int32_t limit = signed_order(threshold);
  const auto kept = std::bit_cast<int32_t>(static_cast<float>(1 / (1 - rate_)));  // a word below the threshold drops
  for_blocks(products_.pool(), pass.rows, kRows, 16 * n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      draws.for_words(pass.row_id[i], width_, [&](size_t unit, size_t units, const uint32_t* words) {
        const size_t at = i * width_ + unit;
        float* const mask = mask_.data() + at;
        for (size_t j = 0; j < units; ++j) {
          mask[j] = std::bit_cast<float>(kept & -static_cast<int32_t>(signed_order(words[j]) >= limit));
        }
        for (size_t j = 0; j < units; ++j) y[at + j] = x[at + j] * mask[j];
      });
    }
  });
}

void Dropout::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  if (d_x == nullptr) return;
  const size_t n = static_cast<size_t>(pass.rows) * width_;
  for_blocks(products_.pool(), n, 4096, 2 * n, [&](size_t first, size_t count) {
    const float* const mask = mask_.data();
    for (size_t i = first; i < first + count; ++i) d_x[i] = d_y[i] * mask[i];
  });
}

}  // namespace nrw
