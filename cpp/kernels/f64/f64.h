// Dense double-precision arithmetic for the small square systems of the factored output layer: products, Cholesky
// factors and triangular solves. There is one table for each instruction set, with the name of the float table.
//
// Reproducibility: as in kernels.h, the order of an element's sum over k is fixed, whatever part of the matrix a call
// covers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nrw {

inline constexpr size_t kPanel64 = 32;  // columns of a packed panel of doubles

struct DoubleKernels {
  const char* name;

  // B (k x n, element (p, j) at b[p * row_stride + j * column_stride]) into panels of k * kPanel64 doubles, kPanel64
  // columns each. Inside a panel the order is the table's own. packed is aligned to 64 bytes.
  void (*pack)(size_t k, size_t n, const double* b, size_t row_stride, size_t column_stride, double* packed) noexcept;

  // C (m x n, leading dimension ldc) = A B (sign 0), C + A B (sign +1) or C - A B (sign -1); A's element (i, p) at
  // a[i * row_stride + p * column_stride], B packed.
  void (*gemm)(size_t m, size_t n, size_t k, const double* a, size_t row_stride, size_t column_stride,
               const double* packed, double* c, size_t ldc, int sign) noexcept;

  double (*dot)(size_t n, const double* x, const double* y) noexcept;
};

extern const DoubleKernels double_kernels_plain, double_kernels_avx2, double_kernels_avx512;  // as the machine has them

// The table whose name is kernels().name, else the plain one.
const DoubleKernels& double_kernels();

}  // namespace nrw
