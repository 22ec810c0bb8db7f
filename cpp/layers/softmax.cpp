#include "layers/softmax.h"

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

void Softmax::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t places = pass.rows * places_;
  for_blocks(products_.pool(), places, kPlaces, kOperations * places * channels_, [&](size_t first, size_t count) {
    const size_t at = first * channels_;
    softmax_forward(count, channels_, x + at, y + at);
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
