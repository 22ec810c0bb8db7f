#include "kernels/ref/plain.h"

namespace nrw::plain {

void column_moments(size_t rows, size_t width, size_t pitch, const float* x, const float* shift, double* sum,
                    double* squares) noexcept {
  for (size_t j = 0; j < width; ++j) {
    double total = 0, square = 0;
    for (size_t i = 0; i < rows; ++i) {
      const double moved = static_cast<double>(x[i * pitch + j]) - static_cast<double>(shift[j]);
      total += moved;
      square += moved * moved;
    }
    sum[j] += total;
    squares[j] += square;
  }
}

void column_products(size_t rows, size_t width, size_t pitch, const float* d_y, const float* x, const float* mean,
                     double* sum, double* products) noexcept {
  for (size_t j = 0; j < width; ++j) {
    double total = 0, product = 0;
    for (size_t i = 0; i < rows; ++i) {
      const double d = static_cast<double>(d_y[i * pitch + j]);
      total += d;
      product += d * (static_cast<double>(x[i * pitch + j]) - static_cast<double>(mean[j]));
    }
    sum[j] += total;
    products[j] += product;
  }
}

void normalise(size_t rows, size_t width, const float* x, const float* mean, const float* scale, const float* beta,
               float* y) noexcept {
  for (size_t i = 0; i < rows * width; ++i) {
    const size_t j = i % width;
    y[i] = (x[i] - mean[j]) * scale[j] + beta[j];
  }
}

void normalise_backward(size_t rows, size_t width, const float* x, const float* d_y, const float* mean,
                        const float* scale, const float* a, const float* b, float* d_x) noexcept {
  for (size_t i = 0; i < rows * width; ++i) {
    const size_t j = i % width;
    d_x[i] = scale[j] * (d_y[i] - a[j] - (x[i] - mean[j]) * b[j]);
  }
}

}  // namespace nrw::plain
