#include "layers/positional_embedding.h"

#include <algorithm>

namespace nrw {

namespace {

constexpr Field kFields[] = {
    {.name = "init",
     .type = Field::Type::kWord,
     .about = "how the vectors are initialised",
     .fallback = "{\"normal\": 0.02}",
     .words = "zeros",
     .tag = {.name = "normal", .about = "standard deviation; the mean is 0", .minimum = 0, .above = true},
     .value = true,
     .example = "{\"normal\": 0.02}"}};

Shape output(const Settings& settings, const Shape& input) {
  settings.require(input.dimensions > 1, "init",
                   "positional_embedding is for signals and images, but the rows before it are " + input.text() +
                       "; put an unflatten before it");
  return input;
}

std::vector<TensorSpec> tensors(const Settings&, const Shape& input, const Shape&) {
  return {{.name = "weight",
           .sizes = {static_cast<uint32_t>(input.places()), input.channels()},
           .start = TensorSpec::Start::kWeight}};
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<PositionalEmbedding>(context); }

}  // namespace

const LayerType positional_embedding_type = {"positional_embedding",
                                             "adds a trained vector to the channels of each place",
                                             kFields,
                                             output,
                                             tensors,
                                             no_workspace,
                                             make};

PositionalEmbedding::PositionalEmbedding(const LayerContext& context)
    : products_(context.products),
      size_(context.input.size()),
      weight_(tensors(context.settings, context.input, context.output)[0]) {}

void PositionalEmbedding::forward(const Pass& pass, const float* x, float* y) noexcept {
  std::copy_n(x, pass.rows * size_, y);
  products_.add_to_rows(pass.rows, size_, weight_.value.data(), y);
}

void PositionalEmbedding::backward(const Pass& pass, const float*, const float* d_y, float* d_x) noexcept {
  products_.add_column_sums(pass.rows, size_, d_y, weight_.gradient.data());
  if (d_x != nullptr) std::copy_n(d_y, pass.rows * size_, d_x);
}

}  // namespace nrw
