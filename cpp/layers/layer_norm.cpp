#include "layers/layer_norm.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {{.name = "eps",
                              .type = Field::Type::kNumber,
                              .about = "small number added to the variance",
                              .fallback = "1e-05",
                              .minimum = 0,
                              .maximum = 1,
                              .above = true,
                              .value = true,
                              .example = "1e-05"}};

Shape output(const Settings& settings, const Shape& input) {
  if (input.dimensions != 1) settings.refuse("eps", "layer_norm takes flat rows, not " + input.text());
  return input;
}

std::vector<TensorSpec> tensors(const Settings&, const Shape&, const Shape& output) {
  return {{.name = "weight", .sizes = {output.sizes[0]}, .constant = 1}, {.name = "bias", .sizes = {output.sizes[0]}}};
}

size_t workspace(const Settings&, const Shape&, const Shape&, uint32_t rows, unsigned) {
  return 2 * size_t{rows} * sizeof(float);
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<LayerNorm>(context); }

}  // namespace

const LayerType layer_norm_type = {
    "layer_norm", "normalises the values of each row, then scales and shifts each column",
    kFields,      output,
    tensors,      workspace,
    make};

LayerNorm::LayerNorm(const LayerContext& context)
    : products_(context.products), width_(context.output.sizes[0]), eps_(context.settings.number("eps")) {
  const auto specs = tensors(context.settings, context.input, context.output);
  gamma_ = Parameter(specs[0]);
  beta_ = Parameter(specs[1]);
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
  if (d_x == nullptr) return;
  for_blocks(products_.pool(), pass.rows, 8, work, [&](size_t first, size_t count) {
    const size_t at = first * width_;
    layer_norm_backward(count, width_, x + at, gamma_.value.data(), mean_.data() + first, rstd_.data() + first,
                        d_y + at, d_x + at);
  });
}

}  // namespace nrw
