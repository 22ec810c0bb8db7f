#include "layers/covariate.h"

#include <algorithm>

namespace nrw {

namespace {

constexpr size_t kRows = 16;      // a task of the forward pass
constexpr size_t kChannels = 64;  // whose gradients a task sums

constexpr Field kFields[] = {{.name = "categories",
                              .type = Field::Type::kCount,
                              .about = "number of categories; data: as many as data.batch has",
                              .fallback = "\"data\"",
                              .minimum = 1,
                              .maximum = 1000000,
                              .words = "data",
                              .value = true,
                              .example = "\"data\""}};

Shape output(const Settings& settings, const Shape& input) {
  settings.require(!settings.is_word("categories"), "categories",
                   "needs the category of each row: set data.batch, a file with one a line");
  return input;
}

std::vector<TensorSpec> tensors(const Settings& settings, const Shape& input, const Shape&) {
  return {{.name = "weight", .sizes = {settings.count("categories"), input.channels()}}};
}

size_t workspace(const Settings& settings, const Shape& input, const Shape&, uint32_t, unsigned) {
  return settings.count("categories") * size_t{input.channels()} * sizeof(float);
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<Covariate>(context); }

}  // namespace

const LayerType covariate_type = {
    .name = "covariate",
    .about =
        "adds a trained vector of the row's category (data.batch) to the channels of each place; after a linear layer "
        "this is the same as joining the category as a one-hot vector to the layer's input",
    .fields = kFields,
    .output = output,
    .tensors = tensors,
    .workspace = workspace,
    .make = make,
    .categories = true};

Covariate::Covariate(const LayerContext& context)
    : products_(context.products),
      channels_(context.input.channels()),
      places_(context.input.places()),
      weight_(tensors(context.settings, context.input, context.output).front()) {}

void Covariate::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t width = channels_ * places_, n = pass.rows * width;
  for_blocks(products_.pool(), pass.rows, kRows, 2 * n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const float* const added = weight_.value.data() + pass.row_category[i] * channels_;
      for (size_t at = i * width; at < (i + 1) * width; at += channels_) {
        for (size_t c = 0; c < channels_; ++c) y[at + c] = x[at + c] + added[c];
      }
    }
  });
}

// A task sums some channels over all rows in their order, so a sum has one order.
void Covariate::backward(const Pass& pass, const float*, const float* d_y, float* d_x) noexcept {
  const size_t width = channels_ * places_, n = pass.rows * width;
  for_blocks(products_.pool(), channels_, kChannels, 2 * n, [&](size_t first, size_t count) {
    for (size_t at = first; at < weight_.size(); at += channels_) std::fill_n(sums_.data() + at, count, 0.0f);
    for (size_t i = 0; i < pass.rows; ++i) {
      float* const sum = sums_.data() + pass.row_category[i] * channels_ + first;
      for (size_t place = 0; place < places_; ++place) {
        products_.kernels().add(count, d_y + i * width + place * channels_ + first, sum);
      }
    }
    for (size_t at = first; at < weight_.size(); at += channels_) {
      products_.kernels().add(count, sums_.data() + at, weight_.gradient.data() + at);
    }
  });
  if (d_x != nullptr) std::copy_n(d_y, n, d_x);
}

}  // namespace nrw
