// Batch normalisation (Ioffe, Szegedy 2015; PyTorch's nn.BatchNorm1d): each channel of x (m x width; of a shape, m
// counts all places of all rows) by its mean and biased variance over the batch in training, by running statistics
// else: xhat = (x - mean) rstd, rstd = 1 / sqrt(var + eps), y = xhat gamma + beta. Running statistics: r <- (1 -
// momentum) r + momentum * batch's, with the unbiased variance. They move when the step's update is made, so a step
// that is given up leaves them alone. A batch of one row, which has no variance, gives y = beta and does not move the
// running variance (PyTorch refuses it). Kept for the backward pass: mean and variance of each unit.
//
// The templates are the formulas as plain loops, which tests differentiate; the layer uses kernels. Sums are in double:
// of x less the values of the first row, so that a mean far from 0 costs no digits.
#pragma once

#include <cmath>

#include "layers/layer_type.h"
#include "layers/products.h"

namespace nrw {

extern const LayerType batch_norm_type;

inline constexpr size_t kUnitBlock = 16;  // units that are summed side by side

// mean and var (biased), each width, of the units [first, first + count), count at most kUnitBlock.
template <class T>
void batch_statistics(size_t rows, size_t width, size_t first, size_t count, const T* x, T* mean, T* var) noexcept {
  double m[kUnitBlock] = {}, v[kUnitBlock] = {};
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < count; ++j) m[j] += x[i * width + first + j];
  }
  for (size_t j = 0; j < count; ++j) m[j] /= static_cast<double>(rows);
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < count; ++j) {
      const double d = x[i * width + first + j] - m[j];
      v[j] += d * d;
    }
  }
  for (size_t j = 0; j < count; ++j) {
    mean[first + j] = static_cast<T>(m[j]);
    var[first + j] = static_cast<T>(v[j] / static_cast<double>(rows));
  }
}

template <class T>
void batch_norm_forward(size_t rows, size_t width, size_t first, size_t count, double eps, const T* x, const T* gamma,
                        const T* beta, const T* mean, const T* var, T* y) noexcept {
  T rstd[kUnitBlock];
  for (size_t j = 0; j < count; ++j) rstd[j] = static_cast<T>(1 / std::sqrt(var[first + j] + eps));
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < count; ++j) {
      const size_t u = first + j;
      y[i * width + u] = (x[i * width + u] - mean[u]) * rstd[j] * gamma[u] + beta[u];
    }
  }
}

// d_beta += sum d_y, d_gamma += sum d_y xhat, d_x = gamma rstd (d_y - mean(d_y) - xhat mean(d_y xhat)), sums and means
// over the rows.
template <class T>
void batch_norm_backward(size_t rows, size_t width, size_t first, size_t count, double eps, const T* x, const T* gamma,
                         const T* mean, const T* var, const T* d_y, T* d_x, T* d_gamma, T* d_beta) noexcept {
  T rstd[kUnitBlock], a[kUnitBlock], b[kUnitBlock];
  double sum[kUnitBlock] = {}, sum_xhat[kUnitBlock] = {};
  for (size_t j = 0; j < count; ++j) rstd[j] = static_cast<T>(1 / std::sqrt(var[first + j] + eps));
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < count; ++j) {
      const size_t at = i * width + first + j;
      sum[j] += d_y[at];
      sum_xhat[j] += static_cast<double>(d_y[at]) * ((x[at] - mean[first + j]) * rstd[j]);
    }
  }
  for (size_t j = 0; j < count; ++j) {
    d_beta[first + j] += static_cast<T>(sum[j]);
    d_gamma[first + j] += static_cast<T>(sum_xhat[j]);
    a[j] = static_cast<T>(sum[j] / static_cast<double>(rows));
    b[j] = static_cast<T>(sum_xhat[j] / static_cast<double>(rows));
  }
  if (d_x == nullptr) return;
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < count; ++j) {
      const size_t u = first + j, at = i * width + u;
      const T xhat = (x[at] - mean[u]) * rstd[j];
      d_x[at] = gamma[u] * rstd[j] * (d_y[at] - a[j] - xhat * b[j]);
    }
  }
}

class BatchNorm final : public Layer {
 public:
  explicit BatchNorm(const LayerContext& context);

  void reserve(uint32_t rows) override;
  bool takes_neighbours() const noexcept override { return true; }
  void forward_with(const Pass& pass, const float* x, float* y, const After& after) noexcept override;
  void backward_with(const Pass& pass, const float* x, const float* d_y, float* d_x,
                     const Before& before) noexcept override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override { forward_with(pass, x, y, {}); }
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override {
    backward_with(pass, x, d_y, d_x, {});
  }
  void commit() noexcept override;
  std::vector<Parameter*> parameters() override { return {&gamma_, &beta_}; }
  std::vector<Buffer*> buffers() override { return {&running_mean_, &running_var_, &num_batches_tracked_}; }

  // Bytes that it holds beside parameters and buffers, for `rows` rows of that shape.
  static size_t workspace(const Shape& shape, uint32_t rows) noexcept;

 private:
  // Kernels take several narrow rows as one line, so that whole vectors are in use: `line` values, each as often as
  // there are rows in it.
  float* line(size_t number) noexcept { return lines_.data() + number * line_; }
  float rstd(float var) const noexcept;
  void repeat(const float* values, float* line) const noexcept;
  // Into sums_, of a whole batch: a sum of each unit, and at line_ one of products. block(lines, columns, the first
  // column, the first value, sums, products) adds a part.
  template <class Block>
  void sum(size_t rows, Block&& block) noexcept;
  // body(lines, values of each, the first value) over all rows, in parts that stay in cache.
  template <class Body>
  void each_part(size_t rows, Body&& body) noexcept;

  Products& products_;
  const uint32_t width_;         // channels
  const uint64_t places_;        // of a row
  const size_t line_;            // values of a line
  const double eps_, momentum_;  // momentum: the weight of the newest batch
  Parameter gamma_, beta_;       // PyTorch's weight and bias
  Buffer running_mean_, running_var_, num_batches_tracked_;
  AlignedBuffer<float> mean_, var_;  // width: of the last training batch
  AlignedBuffer<float> lines_;       // what kernels take, repeated
  AlignedBuffer<double> sums_;
  uint64_t batch_rows_ = 0;
};

}  // namespace nrw
