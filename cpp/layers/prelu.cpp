#include "layers/prelu.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {{.name = "slopes",
                              .type = Field::Type::kWord,
                              .about = "whether there is one slope, or one for each channel (of flat rows: column)",
                              .fallback = "\"one\"",
                              .words = "one channel",
                              .value = true,
                              .example = "\"channel\""}};

uint32_t slopes_of(const Settings& settings, const Shape& shape) {
  return settings.word("slopes") == "one" ? 1 : shape.channels();
}

std::vector<TensorSpec> tensors(const Settings& settings, const Shape&, const Shape& output) {
  return {{.name = "weight", .sizes = {slopes_of(settings, output)}, .constant = 0.25}};
}

size_t workspace(const Settings& settings, const Shape&, const Shape& output, uint32_t rows, unsigned) {
  return size_t{rows} * slopes_of(settings, output) * sizeof(double);
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<PRelu>(context); }

}  // namespace

const LayerType prelu_type = {.name = "prelu",
                              .about = "x where it is above 0, else x times a slope that is trained",
                              .fields = kFields,
                              .output = same_shape,
                              .tensors = tensors,
                              .workspace = workspace,
                              .make = make,
                              .torch = "nn.PReLU({weight.0})",
                              .onnx = "PRelu(x, channels(weight))"};

PRelu::PRelu(const LayerContext& context)
    : products_(context.products),
      channels_(context.output.channels()),
      places_(context.output.places()),
      slopes_(slopes_of(context.settings, context.output)),
      slope_(tensors(context.settings, context.input, context.output)[0]) {}

void PRelu::forward(const Pass& pass, const float* x, float* y) noexcept {
  const float* const slope = slope_.value.data();
  const size_t rows = pass.rows * places_;
  for_blocks(products_.pool(), rows, 64, 2 * rows * channels_, [&](size_t first, size_t count) {
    const size_t begin = first * channels_, end = (first + count) * channels_;
    if (slopes_ == 1) {
      products_.kernels().activate(Activation::kLeakyRelu, end - begin, x + begin, slope[0], y + begin);
      return;
    }
    for (size_t at = begin; at < end; at += channels_) {
      for (size_t c = 0; c < channels_; ++c) y[at + c] = x[at + c] > 0 ? x[at + c] : slope[c] * x[at + c];
    }
  });
}

void PRelu::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const float* const slope = slope_.value.data();
  const size_t size = places_ * channels_;
  for_blocks(products_.pool(), pass.rows, 1, 4 * pass.rows * size, [&](size_t row, size_t) {
    double* const sums = partial_.data() + row * slopes_;
    std::fill_n(sums, slopes_, 0.0);
    if (slopes_ == 1) {
      constexpr size_t kSome = 256;
      float low[kSome];  // x where it is below 0
      for (size_t at = row * size, end = at + size; at < end; at += kSome) {
        const size_t some = std::min(kSome, end - at);
        for (size_t k = 0; k < some; ++k) low[k] = x[at + k] < 0 ? x[at + k] : 0.0f;
        sums[0] += products_.kernels().dot(some, low, d_y + at);
      }
      if (d_x == nullptr) return;
      const size_t at = row * size;
      products_.kernels().activate_backward(Activation::kLeakyRelu, size, x + at, d_y + at, slope[0], d_x + at);
      return;
    }
    for (size_t at = row * size; at < (row + 1) * size; at += channels_) {
      for (size_t c = 0; c < channels_; ++c)
        sums[c] += static_cast<double>(d_y[at + c]) * (x[at + c] < 0 ? x[at + c] : 0.0f);
      if (d_x == nullptr) continue;
      for (size_t c = 0; c < channels_; ++c) d_x[at + c] = x[at + c] > 0 ? d_y[at + c] : slope[c] * d_y[at + c];
    }
  });
  for (size_t c = 0; c < slopes_; ++c) {
    double sum = 0;
    for (size_t row = 0; row < pass.rows; ++row) sum += partial_[row * slopes_ + c];
    slope_.gradient[c] += static_cast<float>(sum);
  }
}

}  // namespace nrw
