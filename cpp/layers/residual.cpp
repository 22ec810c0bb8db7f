#include "layers/residual.h"

#include <algorithm>

namespace nrw {

namespace {

constexpr size_t kBlock = 4096;  // values that a task takes

constexpr Field kFields[] = {{.name = "layers",
                              .type = Field::Type::kLayers,
                              .about = "the layers, one after the other, around which the connection goes",
                              .value = true,
                              .example = "[{\"linear\": 64}, \"relu\"]"}};

Shape residual_output(const Settings& settings, const Shape& input) {
  const Shape output = InnerPlan(settings, input).output();
  settings.require(output == input, "layers",
                   "must end with rows of the shape that they begin with, " + input.text() + ", got " + output.text());
  return input;
}

Shape dense_skip_output(const Settings& settings, const Shape& input) {
  Shape output = InnerPlan(settings, input).output();
  bool fits = output.dimensions == input.dimensions;
  for (uint32_t i = 1; i < input.dimensions; ++i) fits = fits && output.sizes[i] == input.sizes[i];
  settings.require(fits, "layers",
                   "must end with rows like those before them, " + input.text() +
                       ", in all but the number of channels, got " + output.text());
  settings.require(uint64_t{output.channels()} + input.channels() <= 16777216, "layers",
                   "end with too many channels: " + output.text());
  output.sizes[0] += input.channels();
  return output;
}

Within added(const Settings&, const Shape& input) { return {.input = input, .past = input.size(), .added = true}; }
Within in_front(const Settings&, const Shape& input) { return {.input = input, .past = input.size()}; }

template <class Kind>
std::unique_ptr<Layer> make(const LayerContext& context) {
  return std::make_unique<Kind>(context);
}

}  // namespace

const LayerType residual_type = {.name = "residual",
                                 .about = "adds the rows to what a list of layers makes of them: x + f(x)",
                                 .fields = kFields,
                                 .output = residual_output,
                                 .tensors = OuterLayer::tensors,
                                 .workspace = OuterLayer::workspace,
                                 .make = make<Residual>,
                                 .within = added};
const LayerType dense_skip_type = {
    .name = "dense_skip",
    .about = "puts the channels that a list of layers makes behind those of the rows: x, f(x)",
    .fields = kFields,
    .output = dense_skip_output,
    .tensors = OuterLayer::tensors,
    .workspace = OuterLayer::workspace,
    .make = make<DenseSkip>,
    .within = in_front};

void Residual::forward(const Pass& pass, const float* x, float* y) noexcept {
  const float* const f = inner_.forward(pass, x);
  const size_t n = pass.rows * inner_.output().size();
  for_blocks(products_.pool(), n, kBlock, n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) y[i] = x[i] + f[i];
  });
}

void Residual::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const size_t n = pass.rows * inner_.output().size();
  std::copy_n(d_y, n, inner_.d_output());
  inner_.backward(pass, x, inner_.d_output(), d_x);
  if (d_x == nullptr) return;
  for_blocks(products_.pool(), n, kBlock, n,
             [&](size_t first, size_t count) { products_.kernels().add(count, d_y + first, d_x + first); });
}

void DenseSkip::forward(const Pass& pass, const float* x, float* y) noexcept {
  const float* const f = inner_.forward(pass, x);
  const size_t more = inner_.output().channels(), width = channels_ + more, n = pass.rows * places_;
  for_blocks(products_.pool(), n, 64, n * width, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      std::copy_n(x + i * channels_, channels_, y + i * width);
      std::copy_n(f + i * more, more, y + i * width + channels_);
    }
  });
}

void DenseSkip::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const size_t more = inner_.output().channels(), width = channels_ + more, n = pass.rows * places_;
  float* const d_f = inner_.d_output();
  for_blocks(products_.pool(), n, 64, n * width, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) std::copy_n(d_y + i * width + channels_, more, d_f + i * more);
  });
  inner_.backward(pass, x, d_f, d_x);
  if (d_x == nullptr) return;
  for_blocks(products_.pool(), n, 64, n * channels_, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      for (size_t c = 0; c < channels_; ++c) d_x[i * channels_ + c] += d_y[i * width + c];
    }
  });
}

}  // namespace nrw
