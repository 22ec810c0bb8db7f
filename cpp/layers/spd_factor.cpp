#include "layers/spd_factor.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace nrw {

namespace {
constexpr size_t round_up(size_t n, size_t to) noexcept { return (n + to - 1) / to * to; }
constexpr size_t kSolveRows = 16;  // rows of X a task solves for: 128 rows are shared out evenly
constexpr size_t kFactorRows = 24;
}  // namespace

// Block b of the diagonal: A_bb - L_b L_b^T with L_b the rows left of it, its unblocked factor in place, and the
// inverse of that, packed.
void SpdFactor::factor_diagonal(size_t block) noexcept {
  const size_t first = block * kBlock, w = width(block);
  double* const l = l_.data() + first * ld_ + first;
  double* const left = left_.data() + block * kBlock * n_;
  kernels_.pack(first, w, l_.data() + first * ld_, 1, ld_, left);
  if (first > 0) kernels_.gemm(w, w, first, l_.data() + first * ld_, ld_, 1, left, l, ld_, -1);
  for (size_t j = 0; j < w; ++j) {
    const double d = l[j * ld_ + j] - kernels_.dot(j, l + j * ld_, l + j * ld_);
    if (!(d > 0) || !std::isfinite(d)) {
      definite_ = false;
      return;
    }
    const double root = std::sqrt(d), scale = 1 / root;
    l[j * ld_ + j] = root;
    smallest_ = std::min(smallest_, root);
    largest_ = std::max(largest_, root);
    for (size_t i = j + 1; i < w; ++i) {
      l[i * ld_ + j] = (l[i * ld_ + j] - kernels_.dot(j, l + i * ld_, l + j * ld_)) * scale;
    }
  }
  // The inverse: row by row of L X = I, forward substitution.
  double inverse[kBlock * kBlock] = {};
  for (size_t i = 0; i < w; ++i) {
    double* const row = inverse + i * kBlock;
    for (size_t p = 0; p < i; ++p) {
      const double factor = l[i * ld_ + p];
      const double* const above = inverse + p * kBlock;
      for (size_t j = 0; j <= p; ++j) row[j] -= factor * above[j];
    }
    const double scale = 1 / l[i * ld_ + i];
    for (size_t j = 0; j < i; ++j) row[j] *= scale;
    row[i] = scale;
  }
  kernels_.pack(w, w, inverse, 1, kBlock, inverse_left_.data() + block * kBlock * kBlock);
  kernels_.pack(w, w, inverse, kBlock, 1, inverse_right_.data() + block * kBlock * kBlock);
}

// Rows below block b of the diagonal, in its columns: L_i = (A_i - (L_i left of b) L_b^T) L_bb^-T.
void SpdFactor::factor_rows(size_t block, size_t row, size_t rows) noexcept {
  const size_t first = block * kBlock;
  double* const l = l_.data() + row * ld_;
  if (first > 0) kernels_.gemm(rows, kBlock, first, l, ld_, 1, left_.data() + block * kBlock * n_, l + first, ld_, -1);
  double copy[kBlock * kBlock];
  for (size_t i = 0; i < rows; ++i) std::memcpy(copy + i * kBlock, l + i * ld_ + first, kBlock * sizeof(double));
  kernels_.gemm(rows, kBlock, kBlock, copy, kBlock, 1, inverse_left_.data() + block * kBlock * kBlock, l + first, ld_,
                0);
}

bool SpdFactor::factor(const double* a, size_t n, size_t lda) {
  if (n != n_) {
    n_ = n;
    ld_ = round_up(n, 8);
    l_ = AlignedBuffer<double>(n_ * ld_);
    left_ = AlignedBuffer<double>(blocks() * kBlock * n_);
    right_ = AlignedBuffer<double>(blocks() * kBlock * n_);
    inverse_left_ = AlignedBuffer<double>(blocks() * kBlock * kBlock);
    inverse_right_ = AlignedBuffer<double>(blocks() * kBlock * kBlock);
  }
  smallest_ = INFINITY;
  largest_ = 0;
  definite_ = true;
  pool_.run(blocks(), [&](size_t block, unsigned) {
    for (size_t i = block * kBlock; i < block * kBlock + width(block); ++i)
      std::memcpy(l_.data() + i * ld_, a + i * lda, (i + 1) * sizeof(double));
  });
  factor_diagonal(0);
  // One loop a block column. The rows that hold the next block of the diagonal come first, and that block with them,
  // so that its factor, which only one thread can make, is made beside the other rows.
  for (size_t block = 0; definite_ && block + 1 < blocks(); ++block) {
    const size_t next = (block + 1) * kBlock, rest = next + width(block + 1);
    pool_.run(1 + (n_ - rest + kFactorRows - 1) / kFactorRows, [&](size_t task, unsigned) {
      if (task == 0) {
        factor_rows(block, next, width(block + 1));
        factor_diagonal(block + 1);
        return;
      }
      const size_t row = rest + (task - 1) * kFactorRows;
      factor_rows(block, row, std::min(kFactorRows, n_ - row));
    });
  }
  if (!definite_) return false;
  pool_.run(blocks() - 1, [&](size_t block, unsigned) {
    const size_t next = (block + 1) * kBlock;
    kernels_.pack(n_ - next, kBlock, l_.data() + next * ld_ + block * kBlock, ld_, 1,
                  right_.data() + block * kBlock * n_);
  });
  return true;
}

// X (L L^T)^-1: Y = X L^-T block column by block column from the left, then Y L^-1 from the right.
void SpdFactor::solve(size_t m, const double* x, double* out, size_t ld) const { solve_tasks(m, x, out, ld, true); }

void SpdFactor::half_solve(size_t m, const double* x, double* out, size_t ld) const {
  solve_tasks(m, x, out, ld, false);
}

void SpdFactor::solve_tasks(size_t m, const double* x, double* out, size_t ld, bool both) const {
  pool_.run((m + kSolveRows - 1) / kSolveRows, [&](size_t task, unsigned) {
    const size_t row = task * kSolveRows, rows = std::min(kSolveRows, m - row);
    double* const o = out + row * ld;
    if (out != x) {
      for (size_t i = 0; i < rows; ++i) std::memcpy(o + i * ld, x + (row + i) * ld, n_ * sizeof(double));
    }
    solve_rows(rows, o, ld, both);
  });
}

void SpdFactor::solve_rows(size_t m, double* x, size_t ld, bool both) const noexcept {
  double copy[kRowsAtOnce * kBlock];
  const auto times_inverse = [&](size_t block, const AlignedBuffer<double>& inverse) {
    const size_t first = block * kBlock, w = width(block);
    for (size_t i = 0; i < m; ++i) std::memcpy(copy + i * kBlock, x + i * ld + first, w * sizeof(double));
    kernels_.gemm(m, w, w, copy, kBlock, 1, inverse.data() + block * kBlock * kBlock, x + first, ld, 0);
  };
  for (size_t block = 0; block < blocks(); ++block) {
    const size_t first = block * kBlock;
    if (first > 0) {
      kernels_.gemm(m, width(block), first, x, ld, 1, left_.data() + block * kBlock * n_, x + first, ld, -1);
    }
    times_inverse(block, inverse_left_);
  }
  for (size_t block = both ? blocks() : 0; block-- > 0;) {
    const size_t next = block * kBlock + width(block);
    if (next < n_) {
      kernels_.gemm(m, width(block), n_ - next, x + next, ld, 1, right_.data() + block * kBlock * n_,
                    x + block * kBlock, ld, -1);
    }
    times_inverse(block, inverse_right_);
  }
}

}  // namespace nrw
