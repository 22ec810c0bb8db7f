// Cholesky factor A = L L^T of a symmetric positive definite matrix in double, and products X A^-1 of row vectors with
// its inverse. Blocked left-looking factorisation, blocked triangular solves; everything runs on the kernels' products.
#pragma once

#include <cstddef>

#include "base/aligned_buffer.h"
#include "base/thread_pool.h"
#include "kernels/f64/f64.h"

namespace nrw {

class SpdFactor {
 public:
  SpdFactor(const DoubleKernels& kernels, ThreadPool& pool) : kernels_(kernels), pool_(pool) {}

  // Factors A (n x n, leading dimension lda; the lower triangle is read). False when A is not positive definite or not
  // finite; the factor is then unusable.
  bool factor(const double* a, size_t n, size_t lda);

  // out (m x n, leading dimension ld) = x A^-1, x like out; in place (out == x) is allowed.
  void solve(size_t m, const double* x, double* out, size_t ld) const;

  // out = x L^-T: the first half of solve. out L^T = x, so that A^-1 whitened rows have A as their identity.
  void half_solve(size_t m, const double* x, double* out, size_t ld) const;

  // The same in place for at most kRowsAtOnce rows, on the calling thread alone.
  static constexpr size_t kRowsAtOnce = 32;
  void half_solve_rows(size_t m, double* x, size_t ld) const noexcept { solve_rows(m, x, ld, false); }

  size_t size() const noexcept { return n_; }
  // min and max of the factor's diagonal: their squared ratio bounds A's condition number from below.
  double smallest_diagonal() const noexcept { return smallest_; }
  double largest_diagonal() const noexcept { return largest_; }

 private:
  static constexpr size_t kBlock = kPanel64;
  size_t blocks() const noexcept { return (n_ + kBlock - 1) / kBlock; }
  size_t width(size_t block) const noexcept { return n_ - block * kBlock < kBlock ? n_ - block * kBlock : kBlock; }
  void factor_diagonal(size_t block) noexcept;
  void factor_rows(size_t block, size_t row, size_t rows) noexcept;
  void solve_tasks(size_t m, const double* x, double* out, size_t ld, bool both) const;
  void solve_rows(size_t m, double* x, size_t ld, bool both) const noexcept;

  const DoubleKernels& kernels_;
  ThreadPool& pool_;
  size_t n_ = 0, ld_ = 0;
  double smallest_ = 0, largest_ = 0;
  bool definite_ = false;
  AlignedBuffer<double> l_;                             // n x ld: L below and on the diagonal
  AlignedBuffer<double> left_, right_;                  // L's off-diagonal parts packed for the two solves
  AlignedBuffer<double> inverse_left_, inverse_right_;  // inverses of the diagonal blocks packed for the two solves
};

}  // namespace nrw
