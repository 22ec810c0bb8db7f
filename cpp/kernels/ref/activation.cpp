// Activations and their derivatives, computed in double and rounded once. The derivatives at a kink are PyTorch's: 0
// for ReLU, the slope for leaky ReLU, alpha for ELU. At an infinity, where PyTorch's GELU and SiLU give NaN as 0 * inf,
// the result is the limit.
#include <algorithm>
#include <cmath>

#include "kernels/ref/plain.h"

namespace nrw::plain {

namespace {

double sigmoid(double x) noexcept { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
// The standard normal distribution and its density.
double normal_cdf(double x) noexcept { return 0.5 * std::erfc(-x * 0.70710678118654752440); }
double normal_pdf(double x) noexcept { return 0.39894228040143267794 * std::exp(-0.5 * x * x); }
// x, bounded to a range at whose ends f(x) * x has reached its limit; NaN stays NaN.
double limited(double x) noexcept { return std::isinf(x) ? std::copysign(1e3, x) : x; }

double value(Activation kind, double x, double p) noexcept {
  switch (kind) {
    case Activation::kRelu:
      return x <= 0 ? 0 : x;
    case Activation::kLeakyRelu:
      return x > 0 ? x : x * p;
    case Activation::kElu:
      return x < 0 ? p * std::expm1(x) : x;
    case Activation::kGelu:
      return (x < 0 ? limited(x) : x) * normal_cdf(x);
    case Activation::kSilu:
      return (x < 0 ? limited(x) : x) * sigmoid(x);
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kSigmoid:
      return sigmoid(x);
  }
  return x;
}

double derivative(Activation kind, double x, double p) noexcept {
  switch (kind) {
    case Activation::kRelu:
      return x <= 0 ? 0 : 1;
    case Activation::kLeakyRelu:
      return x > 0 ? 1 : p;
    case Activation::kElu:
      return x <= 0 ? p * std::exp(x) : 1;
    case Activation::kGelu:
      return normal_cdf(x) + limited(x) * normal_pdf(x);
    case Activation::kSilu:
      return sigmoid(x) * (1 + limited(x) * sigmoid(-x));
    case Activation::kTanh: {
      const double z = std::exp(-2 * std::fabs(x));
      return 4 * z / ((1 + z) * (1 + z));
    }
    case Activation::kSigmoid:
      return sigmoid(x) * sigmoid(-x);
  }
  return 1;
}

}  // namespace

void activate(Activation kind, size_t n, const float* x, float p, float* y) noexcept {
  for (size_t i = 0; i < n; ++i) y[i] = static_cast<float>(value(kind, x[i], p));
}

void activate_backward(Activation kind, size_t n, const float* x, const float* d_y, float p, float* d_x) noexcept {
  for (size_t i = 0; i < n; ++i) d_x[i] = static_cast<float>(d_y[i] * derivative(kind, x[i], p));
}

}  // namespace nrw::plain
