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

// e^-|beta x| does not overflow on either side of 0: log(1 + e^t) = max(t, 0) + log(1 + e^-|t|).
// body(first, count, e): of the values [first, first + count), part by part.
template <class Body>
void Softplus::each_part(size_t n, const float* x, Body&& body) const noexcept {
  float t[kBlock], e[kBlock];
  for (size_t first = 0; first < n; first += kBlock) {
    const size_t count = std::min(kBlock, n - first);
    for (size_t i = 0; i < count; ++i) t[i] = -std::fabs(x[first + i] * beta_);
    elementary_kernels(products_.kernels()).exp(count, t, e);
    body(first, count, static_cast<const float*>(e));
  }
}

void Softplus::apply(size_t n, const float* x, float* y) const noexcept {
  each_part(n, x, [&](size_t first, size_t count, const float* e) {
    float rest[kBlock];  // log(1 + e)
    elementary_kernels(products_.kernels()).log1p(count, e, rest);
    for (size_t i = 0; i < count; ++i) {
      const float value = x[first + i], scaled = value * beta_, above = scaled < 0 ? 0 : scaled;
      y[first + i] = scaled > threshold_ ? value : (above + rest[i]) / beta_;
    }
  });
}

void Softplus::apply_backward(size_t n, const float* x, const float* d_y, float* d_x) const noexcept {
  each_part(n, x, [&](size_t first, size_t count, const float* e) {
    for (size_t i = 0; i < count; ++i) {
      const float value = x[first + i], slope = (value < 0 ? e[i] : 1.0f) / (1.0f + e[i]);
      d_x[first + i] = value * beta_ > threshold_ ? d_y[first + i] : d_y[first + i] * slope;
    }
  });
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
