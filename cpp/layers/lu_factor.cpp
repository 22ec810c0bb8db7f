#include "layers/lu_factor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace nrw {

namespace {
constexpr size_t round_up(size_t n, size_t to) noexcept { return (n + to - 1) / to * to; }
constexpr size_t kRows = 24;  // rows a task works on: whole strips of the AVX-512 product
}  // namespace

// Columns [first, first + w) below row first, unblocked; whole rows are exchanged.
bool LuFactor::factor_panel(size_t first, size_t w) noexcept {
  double* const a = lu_.data();
  for (size_t j = first; j < first + w; ++j) {
    size_t pivot = j;
    for (size_t i = j + 1; i < n_; ++i)
      if (std::fabs(a[i * ld_ + j]) > std::fabs(a[pivot * ld_ + j])) pivot = i;
    if (pivot != j) {
      std::swap_ranges(a + j * ld_, a + j * ld_ + n_, a + pivot * ld_);
      std::swap(row_[j], row_[pivot]);
    }
    const double* const top = a + j * ld_;
    if (!(std::fabs(top[j]) > 0) || !std::isfinite(top[j])) return false;
    for (size_t i = j + 1; i < n_; ++i) {
      double* const row = a + i * ld_;
      const double factor = row[j] /= top[j];
      for (size_t k = j + 1; k < first + w; ++k) row[k] -= factor * top[k];
    }
  }
  return true;
}

bool LuFactor::factor(const double* a, size_t n, size_t lda) {
  if (n != n_) {
    n_ = n;
    ld_ = round_up(n, 8);
    lu_ = AlignedBuffer<double>(n_ * ld_);
    row_ = AlignedBuffer<uint32_t>(n_);
    packed_ = AlignedBuffer<double>(kBlock * round_up(n_, kPanel64));
    above_ = AlignedBuffer<double>(blocks() * kBlock * n_);
    permuted_ = AlignedBuffer<double>(pool_.size() * n_);
    below_ = AlignedBuffer<double>(blocks() * kBlock * n_);
  }
  for (size_t i = 0; i < n; ++i) {
    std::memcpy(lu_.data() + i * ld_, a + i * lda, n * sizeof(double));
    row_[i] = static_cast<uint32_t>(i);
  }
  for (size_t block = 0; block < blocks(); ++block) {
    const size_t first = block * kBlock, w = width(block), next = first + w, rest = n_ - next;
    if (!factor_panel(first, w)) return false;
    if (rest == 0) break;
    // The rows of U beside the panel: U = L_bb^-1 A.
    for (size_t i = first + 1; i < next; ++i) {
      double* const row = lu_.data() + i * ld_;
      for (size_t k = first; k < i; ++k) {
        const double factor = row[k];
        const double* const above = lu_.data() + k * ld_;
        for (size_t j = next; j < n_; ++j) row[j] -= factor * above[j];
      }
    }
    kernels_.pack(w, rest, lu_.data() + first * ld_ + next, ld_, 1, packed_.data());
    pool_.run((rest + kRows - 1) / kRows, [&](size_t task, unsigned) {
      const size_t row = next + task * kRows, rows = std::min(kRows, n_ - row);
      double* const at = lu_.data() + row * ld_;
      kernels_.gemm(rows, rest, w, at + first, ld_, 1, packed_.data(), at + next, ld_, -1);
    });
  }
  pack_factor();
  return true;
}

void LuFactor::pack_factor() noexcept {
  pool_.run(blocks(), [&](size_t block, unsigned) {
    const size_t first = block * kBlock, w = width(block), next = first + w;
    kernels_.pack(first, w, lu_.data() + first, ld_, 1, above_.data() + block * kBlock * n_);
    if (next < n_) {
      kernels_.pack(n_ - next, w, lu_.data() + next * ld_ + first, ld_, 1, below_.data() + block * kBlock * n_);
    }
  });
}

// X A^-1 = X U^-1 L^-1 P: Y U = X block column by block column from the left, W L = Y from the right, then column i of
// W is column row_[i] of the result.
void LuFactor::solve(size_t m, const double* x, double* out, size_t ld) {
  pool_.run((m + kRows - 1) / kRows, [&](size_t task, unsigned worker) {
    const size_t begin = task * kRows, rows = std::min(kRows, m - begin);
    double* const o = out + begin * ld;
    for (size_t i = 0; i < rows; ++i) std::memcpy(o + i * ld, x + (begin + i) * ld, n_ * sizeof(double));
    for (size_t block = 0; block < blocks(); ++block) {
      const size_t first = block * kBlock, next = first + width(block);
      if (first > 0) {
        kernels_.gemm(rows, next - first, first, o, ld, 1, above_.data() + block * kBlock * n_, o + first, ld, -1);
      }
      for (size_t i = 0; i < rows; ++i) {
        double* const y = o + i * ld;
        for (size_t k = first; k < next; ++k) {
          const double* const u = lu_.data() + k * ld_;
          const double value = y[k] /= u[k];
          for (size_t j = k + 1; j < next; ++j) y[j] -= value * u[j];
        }
      }
    }
    for (size_t block = blocks(); block-- > 0;) {
      const size_t first = block * kBlock, next = first + width(block);
      if (next < n_) {
        kernels_.gemm(rows, next - first, n_ - next, o + next, ld, 1, below_.data() + block * kBlock * n_, o + first,
                      ld, -1);
      }
      for (size_t i = 0; i < rows; ++i) {
        double* const w = o + i * ld;
        for (size_t k = next; k-- > first;) {
          const double* const l = lu_.data() + k * ld_;
          for (size_t j = first; j < k; ++j) w[j] -= w[k] * l[j];
        }
      }
    }
    double* const copy = permuted_.data() + worker * n_;
    for (size_t i = 0; i < rows; ++i) {
      double* const w = o + i * ld;
      for (size_t k = 0; k < n_; ++k) copy[row_[k]] = w[k];
      std::memcpy(w, copy, n_ * sizeof(double));
    }
  });
}

}  // namespace nrw
