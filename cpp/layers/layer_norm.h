// Layer normalisation (Ba, Kiros, Hinton 2016; PyTorch's nn.LayerNorm of the row's shape): each row of x (m x width) by
// its own mean and biased variance: xhat = (x - mean) rstd, rstd = 1 / sqrt(var + eps), y = xhat gamma + beta.
// Kept for the backward pass: mean and rstd of each row. gamma and beta have the row's shape and PyTorch's order,
// channels first; the passes work with copies in the order of the rows in memory.
#pragma once

#include <algorithm>
#include <cmath>

#include "layers/layer_type.h"
#include "layers/products.h"
#include "layers/row_sums.h"

namespace nrw {

extern const LayerType layer_norm_type;

template <class T>
void layer_norm_forward(size_t rows, size_t width, double eps, const T* x, const T* gamma, const T* beta, T* y, T* mean,
                        T* rstd) noexcept {
  for (size_t i = 0; i < rows; ++i, x += width, y += width) {
    const double sum = sum_by_lanes(width, [&](size_t j) { return static_cast<double>(x[j]); });
    const double m = sum / static_cast<double>(width);
    const double squares = sum_by_lanes(width, [&](size_t j) { return (x[j] - m) * (x[j] - m); });
    mean[i] = static_cast<T>(m);
    rstd[i] = static_cast<T>(1 / std::sqrt(squares / static_cast<double>(width) + eps));
    for (size_t j = 0; j < width; ++j) y[j] = (x[j] - mean[i]) * rstd[i] * gamma[j] + beta[j];
  }
}

// d_x = rstd (g - mean(g) - xhat mean(g xhat)) with g = d_y gamma.
template <class T>
void layer_norm_backward(size_t rows, size_t width, const T* x, const T* gamma, const T* mean, const T* rstd,
                         const T* d_y, T* d_x) noexcept {
  for (size_t i = 0; i < rows; ++i, x += width, d_y += width, d_x += width) {
    const auto g = [&](size_t j) { return static_cast<double>(d_y[j]) * gamma[j]; };
    const double sum = sum_by_lanes(width, g);
    const double sum_xhat = sum_by_lanes(width, [&](size_t j) { return g(j) * ((x[j] - mean[i]) * rstd[i]); });
    const T a = static_cast<T>(sum / static_cast<double>(width)),
            b = static_cast<T>(sum_xhat / static_cast<double>(width));
    for (size_t j = 0; j < width; ++j) {
      const T xhat = (x[j] - mean[i]) * rstd[i];
      d_x[j] = rstd[i] * (d_y[j] * gamma[j] - a - xhat * b);
    }
  }
}

// d_gamma += sum over rows of d_y xhat, d_beta += sum of d_y, for the units [first, first + count).
template <class T>
void layer_norm_parameters(size_t rows, size_t width, size_t first, size_t count, const T* x, const T* mean,
                           const T* rstd, const T* d_y, T* d_gamma, T* d_beta) noexcept {
  constexpr size_t kSome = 64;
  for (size_t end = first + count; first < end; first += kSome) {
    const size_t some = std::min(kSome, end - first);
    double gamma[kSome] = {}, beta[kSome] = {};
    for (size_t i = 0; i < rows; ++i) {
      const size_t at = i * width + first;
      for (size_t j = 0; j < some; ++j) {
        gamma[j] += d_y[at + j] * ((x[at + j] - mean[i]) * rstd[i]);
        beta[j] += d_y[at + j];
      }
    }
    for (size_t j = 0; j < some; ++j) {
      d_gamma[first + j] += static_cast<T>(gamma[j]);
      d_beta[first + j] += static_cast<T>(beta[j]);
    }
  }
}

class LayerNorm final : public Layer {
 public:
  explicit LayerNorm(const LayerContext& context);

  void reserve(uint32_t rows) override;
  size_t pack_tasks(bool) const noexcept override { return shape_.one_order() ? 0 : 1; }
  void pack(size_t task) noexcept override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  std::vector<Parameter*> parameters() override { return {&gamma_, &beta_}; }

 private:
  Products& products_;
  const Shape shape_;
  const size_t width_;  // values of a row
  const double eps_;
  Parameter gamma_, beta_;            // PyTorch's weight and bias
  AlignedBuffer<float> mean_, rstd_;  // rows
  // Where channels last is another order: gamma, beta, their gradients in the order of the memory, and one of these in
  // PyTorch's order. Width floats each.
  AlignedBuffer<float> packed_gamma_, packed_beta_, d_gamma_, d_beta_, turned_;
};

}  // namespace nrw
