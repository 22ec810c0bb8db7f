// Eigenvalues and eigenvectors of a small symmetric matrix: Householder's reduction to a tridiagonal one (Golub, Van
// Loan, "Matrix Computations", 8.3), then the implicit QL method with shifts (Dubrulle, Martin, Wilkinson, "The
// Implicit QL Algorithm", Numerische Mathematik 12, 1968). About 4 n^3 multiply-adds with vectors, 2/3 n^3 without.
#pragma once

#include <cstddef>
#include <vector>

namespace nrw {

struct SymmetricEigen {
  // matrix: n x n, of which the lower triangle is read. with_vectors: else `vectors` stays empty.
  SymmetricEigen(size_t n, const std::vector<double>& matrix, bool with_vectors = true);

  std::vector<double> values;   // n, falling
  std::vector<double> vectors;  // n x n: that of values[k] is row k
};

}  // namespace nrw
