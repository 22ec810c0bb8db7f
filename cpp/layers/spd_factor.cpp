#include "layers/spd_factor.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace nrw {

namespace {
constexpr size_t round_up(size_t n, size_t to) noexcept { return (n + to - 1) / to * to; }
constexpr size_t kSolveRows = 24;  // rows of X a task solves for: whole strips of the AVX-512 product
constexpr size_t kUpdateRows = 24;
}  // namespace

// The unblocked factor of one diagonal block, in place, and its inverse.
bool SpdFactor::factor_diagonal(size_t block) {
  const size_t first = block * kBlock, w = width(block);
  double* l = l_.data() + first * ld_ + first;
  for (size_t j = 0; j < w; ++j) {
    const double d = l[j * ld_ + j] - kernels_.dot(j, l + j * ld_, l + j * ld_);
    if (!(d > 0) || !std::isfinite(d)) return false;
    const double root = std::sqrt(d);
    l[j * ld_ + j] = root;
    smallest_ = std::min(smallest_, root);
    largest_ = std::max(largest_, root);
    for (size_t i = j + 1; i < w; ++i) {
      l[i * ld_ + j] = (l[i * ld_ + j] - kernels_.dot(j, l + i * ld_, l + j * ld_)) / root;
    }
  }
  // inverse (w x w): column by column of the identity, forward substitution, kept by rows.
  double* inverse = inverse_.data() + block * kBlock * kBlock;
  std::memset(inverse, 0, kBlock * kBlock * sizeof(double));
  for (size_t i = 0; i < w; ++i) {
    double* row = inverse + i * kBlock;
    for (size_t p = 0; p < i; ++p) {
      const double factor = l[i * ld_ + p];
      const double* above = inverse + p * kBlock;
      for (size_t j = 0; j <= p; ++j) row[j] -= factor * above[j];
    }
    const double scale = 1 / l[i * ld_ + i];
    for (size_t j = 0; j < i; ++j) row[j] *= scale;
    row[i] = scale;
  }
  return true;
}

bool SpdFactor::factor(const double* a, size_t n, size_t lda) {
  if (n != n_) {
    n_ = n;
    ld_ = round_up(n, 8);
    l_ = AlignedBuffer<double>(n_ * ld_);
    inverse_ = AlignedBuffer<double>(blocks() * kBlock * kBlock);
    packed_ = AlignedBuffer<double>(kBlock * round_up(n_, kPanel64) + kBlock * kBlock);
    left_ = AlignedBuffer<double>(blocks() * kBlock * n_);
    right_ = AlignedBuffer<double>(blocks() * kBlock * n_);
    inverse_left_ = AlignedBuffer<double>(blocks() * kBlock * kBlock);
    inverse_right_ = AlignedBuffer<double>(blocks() * kBlock * kBlock);
  }
  smallest_ = INFINITY;
  largest_ = 0;
  for (size_t i = 0; i < n; ++i) std::memcpy(l_.data() + i * ld_, a + i * lda, (i + 1) * sizeof(double));
  for (size_t block = 0; block < blocks(); ++block) {
    if (!factor_diagonal(block)) return false;
    const size_t first = block * kBlock, w = width(block), next = first + w, below = n_ - next;
    if (below == 0) break;
    // The panel below: L_i = A_i inverse^T, in place through a copy of the rows.
    double* inverse = packed_.data() + kBlock * round_up(n_, kPanel64);
    kernels_.pack(w, w, inverse_.data() + block * kBlock * kBlock, 1, kBlock, inverse);
    const size_t tasks = (below + kUpdateRows - 1) / kUpdateRows;
    pool_.run(tasks, [&](size_t task, unsigned) {
      const size_t row = next + task * kUpdateRows, rows = std::min(kUpdateRows, n_ - row);
      double copy[kUpdateRows * kBlock];
      for (size_t i = 0; i < rows; ++i) {
        std::memcpy(copy + i * kBlock, l_.data() + (row + i) * ld_ + first, w * sizeof(double));
      }
      kernels_.gemm(rows, w, w, copy, kBlock, 1, inverse, l_.data() + row * ld_ + first, ld_, 0);
    });
    // The rest: A -= panel panel^T, its lower triangle (rounded up to whole panels of columns).
    kernels_.pack(w, below, l_.data() + next * ld_ + first, 1, ld_, packed_.data());
    pool_.run(tasks, [&](size_t task, unsigned) {
      const size_t row = next + task * kUpdateRows, rows = std::min(kUpdateRows, n_ - row);
      const size_t columns = std::min(below, round_up(row - next + rows, kPanel64));
      kernels_.gemm(rows, columns, w, l_.data() + row * ld_ + first, ld_, 1, packed_.data(),
                    l_.data() + row * ld_ + next, ld_, -1);
    });
  }
  pack_factor();
  return true;
}

void SpdFactor::pack_factor() {
  pool_.run(blocks(), [&](size_t block, unsigned) {
    const size_t first = block * kBlock, w = width(block), next = first + w;
    const double* inverse = inverse_.data() + block * kBlock * kBlock;
    kernels_.pack(w, w, inverse, 1, kBlock, inverse_left_.data() + block * kBlock * kBlock);
    kernels_.pack(w, w, inverse, kBlock, 1, inverse_right_.data() + block * kBlock * kBlock);
    kernels_.pack(first, w, l_.data() + first * ld_, 1, ld_, left_.data() + block * kBlock * n_);
    if (next < n_) {
      kernels_.pack(n_ - next, w, l_.data() + next * ld_ + first, ld_, 1, right_.data() + block * kBlock * n_);
    }
  });
}

// X (L L^T)^-1: Y = X L^-T block column by block column from the left, then Y L^-1 from the right.
void SpdFactor::solve(size_t m, const double* x, double* out, size_t ld) const { solve_rows(m, x, out, ld, true); }

void SpdFactor::half_solve(size_t m, const double* x, double* out, size_t ld) const {
  solve_rows(m, x, out, ld, false);
}

void SpdFactor::solve_rows(size_t m, const double* x, double* out, size_t ld, bool both) const {
  pool_.run((m + kSolveRows - 1) / kSolveRows, [&](size_t task, unsigned) {
    const size_t row = task * kSolveRows, rows = std::min(kSolveRows, m - row);
    double* o = out + row * ld;
    if (out != x) {
      for (size_t i = 0; i < rows; ++i) std::memcpy(o + i * ld, x + (row + i) * ld, n_ * sizeof(double));
    }
    double copy[kSolveRows * kBlock];
    const auto times_inverse = [&](size_t block, const double* inverse) {
      const size_t first = block * kBlock, w = width(block);
      for (size_t i = 0; i < rows; ++i) std::memcpy(copy + i * kBlock, o + i * ld + first, w * sizeof(double));
      kernels_.gemm(rows, w, w, copy, kBlock, 1, inverse + block * kBlock * kBlock, o + first, ld, 0);
    };
    for (size_t block = 0; block < blocks(); ++block) {
      const size_t first = block * kBlock;
      if (first > 0) {
        kernels_.gemm(rows, width(block), first, o, ld, 1, left_.data() + block * kBlock * n_, o + first, ld, -1);
      }
      times_inverse(block, inverse_left_.data());
    }
    for (size_t block = both ? blocks() : 0; block-- > 0;) {
      const size_t next = block * kBlock + width(block);
      if (next < n_) {
        kernels_.gemm(rows, width(block), n_ - next, o + next, ld, 1, right_.data() + block * kBlock * n_,
                      o + block * kBlock, ld, -1);
      }
      times_inverse(block, inverse_right_.data());
    }
  });
}

}  // namespace nrw
