// The reference functions that are long enough for a file of their own. Contracts: kernels.h.
#pragma once

#include "kernels/kernels.h"

namespace nrw::plain {

void activate(Activation kind, size_t n, const float* x, float p, float* y) noexcept;
void activate_backward(Activation kind, size_t n, const float* x, const float* d_y, float p, float* d_x) noexcept;
void column_moments(size_t rows, size_t width, size_t pitch, const float* x, const float* shift, double* sum,
                    double* squares) noexcept;
void column_products(size_t rows, size_t width, size_t pitch, const float* d_y, const float* x, const float* mean,
                     double* sum, double* products) noexcept;
void normalise(size_t rows, size_t width, const float* x, const float* mean, const float* scale, const float* beta,
               float* y) noexcept;
void normalise_backward(size_t rows, size_t width, const float* x, const float* d_y, const float* mean,
                        const float* scale, const float* a, const float* b, float* d_x) noexcept;
void update(size_t n, const OptimizerStep& step, const float* g, float* w, float* s1, float* s2) noexcept;

}  // namespace nrw::plain
