// The code of a variational autoencoder (Kingma, Welling 2014): a diagonal Gaussian q of each row. Two linear maps of
// x (m x inputs) give its mean and the logarithm of its variance, each m x n; y (m x n) is
//
//   training    z = mean + exp(log_variance / 2) * noise, noise standard normal, a function of (seed, layer, step,
//               row id, unit)
//   evaluation  mean
//
// The penalty is weight * KL(q || N(0, I)), summed over units and rows: KL = (exp(v) + mean^2 - 1 - v) / 2 of each unit
// with v = log_variance. So with weight 1 and a loss that is a negative log-likelihood, the sum is the negative
// evidence lower bound, whatever the reduction, which multiplies both. v is clamped to [-15, 15]; beyond that its
// gradient is 0. In training the weight rises linearly over the warm-up (Bowman et al. 2016): in step t of w it is
// weight * min(1, t / w). Evaluation always takes the whole weight, so that epochs can be compared. Kept for the
// backward pass: mean, log_variance and noise.
#pragma once

#include <algorithm>
#include <cmath>

#include "layers/layer_type.h"
#include "layers/linear.h"

namespace nrw {

extern const LayerType variational_type;

inline constexpr double kMostLogVariance = 15;

template <class T>
T clamped_log_variance(T v) noexcept {
  return std::min(std::max(v, static_cast<T>(-kMostLogVariance)), static_cast<T>(kMostLogVariance));
}

// z of n units.
template <class T>
void sample(size_t n, const T* mean, const T* log_variance, const T* noise, T* z) noexcept {
  for (size_t j = 0; j < n; ++j) z[j] = mean[j] + std::exp(clamped_log_variance(log_variance[j]) / 2) * noise[j];
}

// KL(q || N(0, 1)) of a unit, in nats.
template <class T>
double divergence_of_unit(T mean, T log_variance) noexcept {
  const double m = mean, v = clamped_log_variance(log_variance);
  return (std::exp(v) + m * m - 1 - v) / 2;
}

// The same, summed over n units.
template <class T>
double divergence(size_t n, const T* mean, const T* log_variance) noexcept {
  double sum = 0;
  for (size_t j = 0; j < n; ++j) sum += divergence_of_unit(mean[j], log_variance[j]);
  return sum;
}

// The gradients of a loss with gradient d_z to z, plus `weight` times the divergence.
template <class T>
void sample_backward(size_t n, T weight, const T* mean, const T* log_variance, const T* noise, const T* d_z, T* d_mean,
                     T* d_log_variance) noexcept {
  for (size_t j = 0; j < n; ++j) {
    const T v = clamped_log_variance(log_variance[j]), deviation = std::exp(v / 2);
    d_mean[j] = d_z[j] + weight * mean[j];
    const T slope = (d_z[j] * deviation * noise[j] + weight * (deviation * deviation - 1)) / 2;
    d_log_variance[j] = v == log_variance[j] ? slope : 0;
  }
}

class Variational final : public Layer {
 public:
  explicit Variational(const LayerContext& context);

  void reserve(uint32_t rows) override;
  size_t pack_tasks(bool training) const noexcept override { return 2 * mean_map_.pack_tasks(training); }
  void pack(size_t task) noexcept override { (task % 2 == 0 ? mean_map_ : log_variance_map_).pack(task / 2); }
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  double penalty() const noexcept override { return penalty_; }
  void add_divergences(size_t rows, double* sums) const noexcept override;
  std::vector<Parameter*> parameters() override;

 private:
  double weight_at(const Pass& pass) const noexcept;

  Products& products_;
  const uint32_t inputs_, units_;
  const double weight_, warm_up_;  // of the divergence; steps
  const uint64_t seed_;
  const uint32_t layer_;
  Linear mean_map_, log_variance_map_;
  AlignedBuffer<float> mean_, log_variance_, noise_;  // rows x units
  AlignedBuffer<float> d_mean_, d_log_variance_;      // rows x units
  AlignedBuffer<float> d_x_;                          // rows x inputs: by way of log_variance
  AlignedBuffer<double> partial_;                     // divergence, one sum a task
  double penalty_ = 0;
};

}  // namespace nrw
