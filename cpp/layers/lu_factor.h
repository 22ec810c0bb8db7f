// LU factor P A = L U of a square matrix in double with partial pivoting, and products X A^-1 of row vectors with its
// inverse. Blocked right-looking factorisation, blocked triangular solves, on the kernels' products.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/aligned_buffer.h"
#include "base/thread_pool.h"
#include "kernels/f64/f64.h"

namespace nrw {

class LuFactor {
 public:
  LuFactor(const DoubleKernels& kernels, ThreadPool& pool) : kernels_(kernels), pool_(pool) {}

  // Factors A (n x n, leading dimension lda). False when a pivot is 0 or not finite; the factor is then unusable.
  bool factor(const double* a, size_t n, size_t lda);

  // out (m x n, leading dimension ld) = x A^-1, x like out but another array.
  void solve(size_t m, const double* x, double* out, size_t ld);

 private:
  static constexpr size_t kBlock = kPanel64;
  size_t blocks() const noexcept { return (n_ + kBlock - 1) / kBlock; }
  size_t width(size_t block) const noexcept { return n_ - block * kBlock < kBlock ? n_ - block * kBlock : kBlock; }
  bool factor_panel(size_t first, size_t w) noexcept;
  void pack_factor() noexcept;

  const DoubleKernels& kernels_;
  ThreadPool& pool_;
  size_t n_ = 0, ld_ = 0;
  AlignedBuffer<double> lu_;             // n x ld: U on and above the diagonal, L without its unit diagonal below
  AlignedBuffer<uint32_t> row_;          // row i of P A is row row_[i] of A
  AlignedBuffer<double> packed_;         // workspace: the rows of U beside a panel
  AlignedBuffer<double> permuted_;       // workspace: a row a thread
  AlignedBuffer<double> above_, below_;  // U's and L's off-diagonal parts of each block column, packed for the solves
};

}  // namespace nrw
