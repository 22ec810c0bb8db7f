#include "layers/softplus.h"

#include <cmath>

#include "kernels/elementary.h"

namespace nrw {

namespace {

constexpr size_t kBlock = 1024, kOperations = 40;  // elements a task takes; operations of one

constexpr Field kFields[] = {{.name = "beta",
                              .type = Field::Type::kNumber,
                              .about = "how sharp the bend at 0 is",
                              .fallback = "1",
                              .minimum = 0,
                              .maximum = 1000,
                              .above = true,
                              .value = true,
                              .example = "1"},
                             {.name = "threshold",
                              .type = Field::Type::kNumber,
                              .about = "value of beta x above which the result is x itself",
                              .fallback = "20",
                              .minimum = 0,
                              .maximum = 80,
                              .example = "20"}};

std::unique_ptr<Layer> make(const LayerContext& context) {
  return std::make_unique<Softplus>(context.products, context.output.size(),
                                    static_cast<float>(context.settings.number("beta")),
                                    static_cast<float>(context.settings.number("threshold")));
}

}  // namespace

const LayerType softplus_type = {
    .name = "softplus",
    .about = "log(1 + exp(beta x)) / beta, which is above 0",
    .fields = kFields,
    .output = same_shape,
    .tensors = no_tensors,
    .workspace = no_workspace,
    .make = make,
    .torch = "nn.Softplus({beta}, {threshold})",
    .onnx = "Where(Greater(Mul(x, {beta}), {threshold}), x, Div(Softplus(Mul(x, {beta})), {beta}))"};

// By e^-|beta x| on both sides of 0, which does not overflow: log(1 + e^t) = max(t, 0) + log(1 + e^-|t|).
void Softplus::apply(size_t n, const float* x, float* y) const noexcept {
  const ElementaryKernels& kernels = elementary_kernels(products_.kernels());
  float t[kBlock], e[kBlock];
  for (size_t first = 0; first < n; first += kBlock) {
    const size_t count = std::min(kBlock, n - first);
    const float* const from = x + first;
    for (size_t i = 0; i < count; ++i) t[i] = -std::fabs(from[i] * beta_);
    kernels.exp(count, t, e);
    kernels.log1p(count, e, t);
    for (size_t i = 0; i < count; ++i) {
      const float scaled = from[i] * beta_, above = scaled < 0 ? 0 : scaled;
      y[first + i] = scaled > threshold_ ? from[i] : (above + t[i]) / beta_;
    }
  }
}

void Softplus::apply_backward(size_t n, const float* x, const float* d_y, float* d_x) const noexcept {
  const ElementaryKernels& kernels = elementary_kernels(products_.kernels());
  float t[kBlock], e[kBlock];
  for (size_t first = 0; first < n; first += kBlock) {
    const size_t count = std::min(kBlock, n - first);
    const float* const from = x + first;
    for (size_t i = 0; i < count; ++i) t[i] = -std::fabs(from[i] * beta_);
    kernels.exp(count, t, e);
    for (size_t i = 0; i < count; ++i) {
      const float slope = (from[i] < 0 ? e[i] : 1.0f) / (1.0f + e[i]);
      d_x[first + i] = from[i] * beta_ > threshold_ ? d_y[first + i] : d_y[first + i] * slope;
    }
  }
}

void Softplus::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t n = pass.rows * width_;
  for_blocks(products_.pool(), n, kBlock, kOperations * n,
             [&](size_t first, size_t count) { apply(count, x + first, y + first); });
}

void Softplus::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  if (d_x == nullptr) return;
  const size_t n = pass.rows * width_;
  for_blocks(products_.pool(), n, kBlock, kOperations * n,
             [&](size_t first, size_t count) { apply_backward(count, x + first, d_y + first, d_x + first); });
}

}  // namespace nrw
