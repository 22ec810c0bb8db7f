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

std::vector<uint32_t> sizes_of(const Shape& shape) {
  return {shape.sizes.begin(), shape.sizes.begin() + shape.dimensions};
}

std::vector<TensorSpec> tensors(const Settings&, const Shape&, const Shape& output) {
  return {{.name = "weight", .sizes = sizes_of(output), .constant = 1}, {.name = "bias", .sizes = sizes_of(output)}};
}

size_t workspace(const Settings&, const Shape&, const Shape& output, uint32_t rows, unsigned) {
  return (2 * size_t{rows} + (output.one_order() ? 0 : 5 * output.size())) * sizeof(float);
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<LayerNorm>(context); }

}  // namespace

const LayerType layer_norm_type = {
    .name = "layer_norm",
    .about = "normalises the values of each row, whatever its shape, then scales and shifts each of them",
    .fields = kFields,
    .output = same_shape,
    .tensors = tensors,
    .workspace = workspace,
    .make = make,
    .torch = "nn.LayerNorm({input}, {eps})",
    .onnx = "LayerNormalization(x, weight, bias; axis=1, epsilon={eps})"};

LayerNorm::LayerNorm(const LayerContext& context)
    : products_(context.products), shape_(context.output), width_(shape_.size()), eps_(context.settings.number("eps")) {
  const auto specs = tensors(context.settings, context.input, context.output);
  gamma_ = Parameter(specs[0]);
  beta_ = Parameter(specs[1]);
}

void LayerNorm::reserve(uint32_t rows) {
  mean_.reserve(rows);
  rstd_.reserve(rows);
  if (shape_.one_order()) return;
  for (AlignedBuffer<float>* buffer : {&packed_gamma_, &packed_beta_, &d_gamma_, &d_beta_, &turned_}) {
    buffer->reserve(width_);
  }
}

void LayerNorm::pack(size_t) noexcept {
  to_channels_last(shape_, gamma_.value.data(), packed_gamma_.data());
  to_channels_last(shape_, beta_.value.data(), packed_beta_.data());
}

void LayerNorm::forward(const Pass& pass, const float* x, float* y) noexcept {
  const bool same = shape_.one_order();
  const float* const gamma = same ? gamma_.value.data() : packed_gamma_.data();
  const float* const beta = same ? beta_.value.data() : packed_beta_.data();
  for_blocks(products_.pool(), pass.rows, 8, 4 * size_t{pass.rows} * width_, [&](size_t first, size_t count) {
    layer_norm_forward(count, width_, eps_, x + first * width_, gamma, beta, y + first * width_, mean_.data() + first,
                       rstd_.data() + first);
  });
}

void LayerNorm::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const bool same = shape_.one_order();
  const float* const gamma = same ? gamma_.value.data() : packed_gamma_.data();
  float* const d_gamma = same ? gamma_.gradient.data() : d_gamma_.data();
  float* const d_beta = same ? beta_.gradient.data() : d_beta_.data();
  const size_t work = 4 * size_t{pass.rows} * width_;
  if (!same) {
    d_gamma_.zero();
    d_beta_.zero();
  }
  for_blocks(products_.pool(), width_, 64, work, [&](size_t first, size_t count) {
    layer_norm_parameters(pass.rows, width_, first, count, x, mean_.data(), rstd_.data(), d_y, d_gamma, d_beta);
  });
  if (!same) {
    to_channels_first(shape_, d_gamma, turned_.data());
    products_.kernels().add(width_, turned_.data(), gamma_.gradient.data());
    to_channels_first(shape_, d_beta, turned_.data());
    products_.kernels().add(width_, turned_.data(), beta_.gradient.data());
  }
  if (d_x == nullptr) return;
  for_blocks(products_.pool(), pass.rows, 8, work, [&](size_t first, size_t count) {
    const size_t at = first * width_;
    layer_norm_backward(count, width_, x + at, gamma, mean_.data() + first, rstd_.data() + first, d_y + at, d_x + at);
  });
}

}  // namespace nrw
