#include "layers/l1.h"

#include <cmath>

namespace nrw {

namespace {

constexpr size_t kBlock = 4096;  // values of a task

constexpr Field kFields[] = {{.name = "weight",
                              .type = Field::Type::kNumber,
                              .about = "what the sum of the absolute values is multiplied by in the loss; it is scaled "
                                       "by loss.reduction as the loss of a row is",
                              .minimum = 0,
                              .value = true,
                              .example = "0.001"}};

size_t tasks_of(size_t n) noexcept { return (n + kBlock - 1) / kBlock; }

size_t workspace(const Settings&, const Shape&, const Shape& output, uint32_t rows, unsigned) {
  return tasks_of(rows * output.size()) * sizeof(double);
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<L1>(context); }

}  // namespace

const LayerType l1_type = {.name = "l1",
                           .about = "leaves the values as they are and adds their absolute values to the loss",
                           .fields = kFields,
                           .output = same_shape,
                           .tensors = no_tensors,
                           .workspace = workspace,
                           .make = make,
                           .torch = "nn.Identity()",
                           .onnx = "x"};

L1::L1(const LayerContext& context)
    : products_(context.products), width_(context.output.size()), weight_(context.settings.number("weight")) {}

void L1::reserve(uint32_t rows) { partial_.reserve(tasks_of(rows * width_)); }

void L1::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t n = pass.rows * width_;
  for_blocks(products_.pool(), n, kBlock, 4 * n, [&](size_t first, size_t count) {
    double sum = 0;
    for (size_t i = first; i < first + count; ++i) {
      const double size = std::fabs(x[i]);
      sum += pass.row_weight == nullptr ? size : pass.weight(i / width_) * size;
      y[i] = x[i];
    }
    partial_[first / kBlock] = sum;
  });
  double sum = 0;
  for (size_t task = 0; task < tasks_of(n); ++task) sum += partial_[task];
  penalty_ = weight_ * sum;
}

void L1::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  if (d_x == nullptr) return;
  const size_t n = pass.rows * width_;
  const auto weight = static_cast<float>(pass.factor * weight_);
  for_blocks(products_.pool(), n, kBlock, 4 * n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const float cost = pass.row_weight == nullptr ? weight : weight * pass.row_weight[i / width_];
      d_x[i] = d_y[i] + (x[i] > 0 ? cost : x[i] < 0 ? -cost : 0);
    }
  });
}

}  // namespace nrw
