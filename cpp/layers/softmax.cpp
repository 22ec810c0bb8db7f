#include "layers/softmax.h"

#include <algorithm>

#include "layers/row_sums.h"

namespace nrw {

namespace {

constexpr size_t kPlaces = 8, kOperations = 20;  // places a task takes; operations of one value

size_t workspace(const Settings&, const Shape&, const Shape& output, uint32_t rows, unsigned) {
  return rows * output.size() * sizeof(float);
}

std::unique_ptr<Layer> make(const LayerContext& context) {
  return std::make_unique<Softmax>(context.products, context.output);
}

}  // namespace

const LayerType softmax_type = {.name = "softmax",
                                .about =
                                    "exp(x) divided by the sum of exp over the row; of signals and images over the "
                                    "channels of each place",
                                .fields = {},
                                .output = same_shape,
                                .tensors = no_tensors,
                                .workspace = workspace,
                                .make = make,
                                .torch = "nn.Softmax(1)",
                                .onnx = "Softmax(x; axis=1)",
                                .bounds = "[0, 1]"};

void softmax_forward(const ElementaryKernels& kernels, size_t places, size_t channels, const float* x,
                     float* y) noexcept {
  constexpr size_t kSome = 256;
  float below[kSome];  // x - the largest of the place
  for (size_t i = 0; i < places; ++i, x += channels, y += channels) {
    const float largest = largest_of(channels, x);
    for (size_t first = 0; first < channels; first += kSome) {
      const size_t some = std::min(kSome, channels - first);
      for (size_t c = 0; c < some; ++c) below[c] = x[first + c] - largest;
      kernels.exp(some, below, y + first);
    }
    const double sum = sum_by_lanes(channels, [&](size_t c) { return static_cast<double>(y[c]); });
    const auto share = static_cast<float>(1 / sum);
    for (size_t c = 0; c < channels; ++c) y[c] *= share;
  }
}

void softmax_backward(size_t places, size_t channels, const float* y, const float* d_y, float* d_x) noexcept {
  for (size_t i = 0; i < places; ++i, y += channels, d_y += channels, d_x += channels) {
    const auto mean = static_cast<float>(
        sum_by_lanes(channels, [&](size_t c) { return static_cast<double>(d_y[c]) * static_cast<double>(y[c]); }));
    for (size_t c = 0; c < channels; ++c) d_x[c] = y[c] * (d_y[c] - mean);
  }
}

void Softmax::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t places = pass.rows * places_;
  for_blocks(products_.pool(), places, kPlaces, kOperations * places * channels_, [&](size_t first, size_t count) {
    const size_t at = first * channels_;
    softmax_forward(elementary_kernels(products_.kernels()), count, channels_, x + at, y + at);
    if (pass.training) std::copy_n(y + at, count * channels_, y_.data() + at);
  });
}

void Softmax::backward(const Pass& pass, const float*, const float* d_y, float* d_x) noexcept {
  if (d_x == nullptr) return;
  const size_t places = pass.rows * places_;
  for_blocks(products_.pool(), places, kPlaces, 4 * places * channels_, [&](size_t first, size_t count) {
    const size_t at = first * channels_;
    softmax_backward(count, channels_, y_.data() + at, d_y + at, d_x + at);
  });
}

}  // namespace nrw
