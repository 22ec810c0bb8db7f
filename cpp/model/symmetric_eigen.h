// Eigenvalues and eigenvectors of a small symmetric matrix by Jacobi's method (Golub, Van Loan, "Matrix Computations",
// 8.5): exact to rounding, n^3 a sweep.
#pragma once

#include <cstddef>
#include <vector>

namespace nrw {

struct SymmetricEigen {
  // matrix: n x n, of which the lower triangle is read.
  SymmetricEigen(size_t n, const std::vector<double>& matrix);

  std::vector<double> values;   // n, falling
  std::vector<double> vectors;  // n x n: that of values[k] is row k
};

}  // namespace nrw
