// The basis of the factored output layer: made from the first batch, and anew once in a while, with all rows of V.
#include <algorithm>
#include <cmath>
#include <utility>

#include "layers/factored_output.h"

namespace nrw {

namespace {
constexpr size_t kColumnsAtOnce = 1024;  // rows of V a task works on where all of V is gone through
}  // namespace

// B is upper triangular: it starts as I and is only ever multiplied by L^-T from the right, whose zeros stay exact. A
// panel of B ends with the rows of its diagonal block, one of B^T begins there.
void FactoredOutput::pack_basis() {
  pool_.run((p_ + kPanel64 - 1) / kPanel64, [&](size_t panel, unsigned) {
    const size_t first = panel * kPanel64, n = std::min(kPanel64, p_ - first);
    doubles_.pack(first + n, n, basis_.data() + first, ld_, 1, packed_basis_.data() + first * p_);
    doubles_.pack(p_ - first, n, basis_.data() + first * ld_ + first, 1, ld_, packed_basis_t_.data() + first * p_);
  });
  tiles(p_, [&](size_t row, size_t rows, size_t first, size_t n) {
    doubles_.gemm(rows, n, first + n, basis_.data() + row, 1, ld_, packed_basis_.data() + first * p_,
                  gram_.data() + row * ld_ + first, ld_, 0);
  });
  const size_t free = settings_.free;
  if (free == 0) return;
  pool_.run(p_, [&](size_t i, unsigned) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (size_t k = 0; k < free; ++k) sum += basis_[k * ld_ + i] * basis_[k * ld_ + j];
      free_gram_[i * ld_ + j] = sum;
    }
  });
}

// matrix <- Q^T matrix Q with Q = L^-T sqrt(scale), for a symmetric matrix (the scale is the caller's).
void FactoredOutput::congruence(AlignedBuffer<double>& matrix) {
  factor_.half_solve(p_, matrix.data(), matrix.data(), ld_);
  for (size_t i = 0; i < p_; ++i)
    for (size_t j = 0; j < i; ++j) std::swap(matrix[i * ld_ + j], matrix[j * ld_ + i]);
  factor_.half_solve(p_, matrix.data(), matrix.data(), ld_);
}

// A new basis B Q, Q = L^-T sqrt(s) with M + R = L L^T and s its mean diagonal: M + R becomes s I. V is still in the
// old one. Returns sqrt(s).
double FactoredOutput::change_basis() {
  double scale = 0;
  for (size_t k = 0; k < p_; ++k) scale += product_[k * ld_ + k];
  scale /= static_cast<double>(p_);
  const double root = std::sqrt(scale);
  for (size_t i = 0; i < p_; ++i)
    for (size_t j = 0; j < i; ++j) m_[j * ld_ + i] = m_[i * ld_ + j];
  congruence(m_);
  congruence(t_);
  for (size_t at = 0; at < p_ * ld_; ++at) {
    m_[at] *= scale;
    t_[at] *= scale;
  }
  factor_.half_solve(p_, basis_.data(), basis_.data(), ld_);
  for (size_t at = 0; at < p_ * ld_; ++at) basis_[at] *= root;
  pack_basis();
  return root;
}

// A new basis, and V in it. The rows of V that no batch has touched are 0 and stay so.
void FactoredOutput::rebase() {
  const double scale = change_basis() * scalars_[kSigma];
  pool_.run((columns_ + kColumnsAtOnce - 1) / kColumnsAtOnce, [&](size_t task, unsigned worker) {
    constexpr size_t kAtOnce = SpdFactor::kRowsAtOnce;
    double* const rows = rows_.data() + worker * kAtOnce * ld_;
    const size_t end = std::min<size_t>((task + 1) * kColumnsAtOnce, columns_);
    for (size_t first = task * kColumnsAtOnce; first < end;) {
      size_t count = 0, column[kAtOnce];
      for (; first < end && count < kAtOnce; ++first) {
        const float* const v = v_.row(first);
        if (std::all_of(v, v + p_, [](float x) { return x == 0; })) continue;
        column[count] = first;
        for (size_t k = 0; k < p_; ++k) rows[count * ld_ + k] = scale * static_cast<double>(v[k]);
        ++count;
      }
      factor_.half_solve_rows(count, rows, ld_);
      for (size_t i = 0; i < count; ++i) {
        float* const v = v_.row(column[i]);
        for (size_t k = 0; k < p_; ++k) v[k] = static_cast<float>(rows[i * ld_ + k]);
      }
    }
  });
  scalars_[kSigma] = 1;
  factor();
}

// Before the first step: the basis in which the first batch has M + R = s I. V is still 0, and M and T stay so.
void FactoredOutput::first_basis(uint32_t rows, const float* h, const float* weights) {
  features(rows, h);
  scalars_[kTrace] = 0;
  for (size_t i = 0; i < rows; ++i) {
    const double weight = weights == nullptr ? 1.0 : static_cast<double>(weights[i]);
    scalars_[kTrace] += weight * sums_[i];
    for (size_t k = 0; k < p_; ++k) cf_[i * ld_ + k] = weight * f_[i * ld_ + k];
  }
  scalars_[kRows] = rows;
  pack(rows, p_, cf_.data(), ld_, 1, packed_.data());
  tiles(p_, [&](size_t row, size_t count, size_t first, size_t n) {
    doubles_.gemm(count, n, rows, f_.data() + row, 1, ld_, packed_.data() + first * rows, m_.data() + row * ld_ + first,
                  ld_, 0);
  });
  factor(false);  // a few rows may say nothing of some free features
  change_basis();
  m_.zero();
  scalars_[kTrace] = scalars_[kRows] = 0;
  factored_ = false;
}

void FactoredOutput::scale_v() {
  const float scale = static_cast<float>(scalars_[kSigma]);
  pool_.run((columns_ + kColumnsAtOnce - 1) / kColumnsAtOnce, [&](size_t task, unsigned) {
    const size_t end = std::min<size_t>((task + 1) * kColumnsAtOnce, columns_) * ld_;
    for (size_t at = task * kColumnsAtOnce * ld_; at < end; ++at) v_.value[at] *= scale;
  });
  scalars_[kSigma] = 1;
}

}  // namespace nrw
