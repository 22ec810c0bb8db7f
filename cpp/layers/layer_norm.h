// Layer normalisation (Ba, Kiros, Hinton 2016; PyTorch's nn.LayerNorm of the row's shape): each row of x (m x width) by
// its own mean and biased variance: xhat = (x - mean) rstd, rstd = 1 / sqrt(var + eps), y = xhat gamma + beta.
// Kept for the backward pass: mean and rstd of each row. gamma and beta have the row's shape and PyTorch's order,
// channels first; the passes work with copies in the order of the rows in memory.
#pragma once

#include <cmath>

#include "layers/layer_type.h"
#include "layers/products.h"

namespace nrw {

extern const LayerType layer_norm_type;

template <class T>
void layer_norm_forward(size_t rows, size_t width, double eps, const T* x, const T* gamma, const T* beta, T* y, T* mean,
                        T* rstd) noexcept {
  for (size_t i = 0; i < rows; ++i, x += width, y += width) {
    double sum = 0, squares = 0;
    for (size_t j = 0; j < width; ++j) sum += x[j];
    const double m = sum / static_cast<double>(width);
    for (size_t j = 0; j < width; ++j) squares += (x[j] - m) * (x[j] - m);
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
    double sum = 0, sum_xhat = 0;
    for (size_t j = 0; j < width; ++j) {
      const double g = static_cast<double>(d_y[j]) * gamma[j];
      sum += g;
      sum_xhat += g * ((x[j] - mean[i]) * rstd[i]);
    }
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
  for (size_t j = first; j < first + count; ++j) {
    double gamma = 0, beta = 0;
    for (size_t i = 0; i < rows; ++i) {
      const size_t at = i * width + j;
      gamma += d_y[at] * ((x[at] - mean[i]) * rstd[i]);
      beta += d_y[at];
    }
    d_gamma[j] += static_cast<T>(gamma);
    d_beta[j] += static_cast<T>(beta);
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
