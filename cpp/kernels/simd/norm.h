// Sums by column in double and normalisation by column; formulas: ref/norm.cpp. The rows of a column are added in their
// order, so every table gives the same sums.
#pragma once

#include "kernels/kernels.h"
#include "kernels/simd/vec.h"

namespace nrw {
namespace {

constexpr size_t kHalf = kLanes / 2;
typedef double Doubles __attribute__((vector_size(sizeof(Vec))));
typedef float HalfVec __attribute__((vector_size(sizeof(Vec) / 2), aligned(alignof(float)), may_alias));

NRW_INLINE Doubles load_doubles(const float* p) noexcept {
  return __builtin_convertvector(*reinterpret_cast<const HalfVec*>(p), Doubles);
}
NRW_INLINE Doubles load_doubles(const float* p, size_t count) noexcept {
  Doubles all = {};
  for (size_t i = 0; i < count; ++i) all[i] = static_cast<double>(p[i]);
  return all;
}

// sum += the columns of x less their shift, products += these times what `factor` makes of them.
struct ColumnSums {
  size_t rows, pitch;
  const float *values, *others;  // others: NULL for the values themselves
  const float* shift;            // of the others, or of both
  double *sum, *products;

  // Vectors * kHalf columns, or where `count` is not 0 the first so many of the last vector's.
  template <int Vectors>
  NRW_INLINE void add(size_t first, size_t count) const noexcept {
    const auto at = [&](const float* p, int v) {
      const float* const from = p + first + v * kHalf;
      return count != 0 ? load_doubles(from, count) : load_doubles(from);
    };
    Doubles total[Vectors] = {}, product[Vectors] = {}, less[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) less[v] = at(shift, v);
    for (size_t i = 0; i < rows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        const Doubles value = at(values + i * pitch, v);
        if (others == nullptr) {
          const Doubles moved = value - less[v];
          total[v] += moved;
          product[v] += moved * moved;
        } else {
          total[v] += value;
          product[v] += value * (at(others + i * pitch, v) - less[v]);
        }
      }
    }
    for (int v = 0; v < Vectors; ++v) {
      for (size_t k = 0; k < (count != 0 ? count : kHalf); ++k) {
        sum[first + v * kHalf + k] += total[v][k];
        products[first + v * kHalf + k] += product[v][k];
      }
    }
  }

  NRW_INLINE void run(size_t width) const noexcept {
    constexpr int kVectors = 4;  // enough sums to hide the latency of an addition
    size_t j = 0;
    for (; j + kVectors * kHalf <= width; j += kVectors * kHalf) add<kVectors>(j, 0);
    for (; j + kHalf <= width; j += kHalf) add<1>(j, 0);
    if (j < width) add<1>(j, width - j);
  }
};

void column_moments(size_t rows, size_t width, size_t pitch, const float* x, const float* shift, double* sum,
                    double* squares) noexcept {
  ColumnSums{rows, pitch, x, nullptr, shift, sum, squares}.run(width);
}

void column_products(size_t rows, size_t width, size_t pitch, const float* d_y, const float* x, const float* mean,
                     double* sum, double* products) noexcept {
  ColumnSums{rows, pitch, d_y, x, mean, sum, products}.run(width);
}

void normalise(size_t rows, size_t width, const float* x, const float* mean, const float* scale, const float* beta,
               float* y) noexcept {
  for (size_t i = 0; i < rows; ++i, x += width, y += width) {
    each_vector(width, [=](auto at) { at.store(y, fma(at.load(x) - at.load(mean), at.load(scale), at.load(beta))); });
  }
}

void normalise_backward(size_t rows, size_t width, const float* x, const float* d_y, const float* mean,
                        const float* scale, const float* a, const float* b, float* d_x) noexcept {
  for (size_t i = 0; i < rows; ++i, x += width, d_y += width, d_x += width) {
    each_vector(width, [=](auto at) {
      const Vec rest = at.load(d_y) - at.load(a);
      at.store(d_x, at.load(scale) * fma(at.load(mean) - at.load(x), at.load(b), rest));
    });
  }
}

}  // namespace
}  // namespace nrw
