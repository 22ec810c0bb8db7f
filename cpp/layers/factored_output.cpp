#include "layers/factored_output.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>

#include "base/status.h"

namespace nrw {

namespace {
constexpr size_t round_up(size_t n, size_t to) noexcept { return (n + to - 1) / to * to; }
constexpr size_t kProductRows = 24;  // rows of a product a task makes: whole strips of the AVX-512 product
enum Scalar { kSteps, kRows, kSigma, kTrace };
constexpr double kSmallestSigma = 1e-10;
// The basis is made anew at these steps, while the first batches still shape M, and later when M + R has become worse
// conditioned than this (a lower bound is known from its factor), though not in each step.
constexpr double kRebaseSteps[] = {20, 100, 500};
constexpr double kWorstCondition = 1e3;
constexpr double kRestSteps = 50;
}  // namespace

FactoredOutput::FactoredOutput(uint32_t columns, uint32_t width, const LeastSquaresSettings& settings, double rows,
                               const Kernels& kernels, ThreadPool& pool)
    : columns_(columns),
      width_(width),
      p_(width + 1),
      ld_(stride_of(width)),
      settings_(settings),
      total_rows_(rows),
      doubles_(double_kernels()),
      pool_(pool),
      target_(kernels, pool),
      factor_(doubles_, pool),
      m_(p_ * ld_),
      t_(p_ * ld_),
      basis_(p_ * ld_),
      gram_(p_ * ld_),
      packed_basis_(p_ * round_up(p_, kPanel64)),
      packed_basis_t_(p_ * round_up(p_, kPanel64)),
      product_(p_ * ld_),
      packed_t_(p_ * round_up(p_, kPanel64)) {
  v_.columns = columns;
  v_.width = p_;
  v_.stride = ld_;
  v_.value = AlignedBuffer<float>(static_cast<size_t>(columns) * ld_);
  scalars_[kSigma] = 1;
  for (size_t k = 0; k < p_; ++k) basis_[k * ld_ + k] = 1;
  pack_basis();
}

// A k x n matrix into panels, a panel a task.
void FactoredOutput::pack(size_t k, size_t n, const double* b, size_t row_stride, size_t column_stride,
                          double* packed) {
  pool_.run((n + kPanel64 - 1) / kPanel64, [&](size_t panel, unsigned) {
    const size_t first = panel * kPanel64;
    doubles_.pack(k, std::min(kPanel64, n - first), b + first * column_stride, row_stride, column_stride,
                  packed + first * k);
  });
}

void FactoredOutput::pack_basis() {
  pack(p_, p_, basis_.data(), ld_, 1, packed_basis_.data());
  pack(p_, p_, basis_.data(), 1, ld_, packed_basis_t_.data());
  const size_t strips = (p_ + kProductRows - 1) / kProductRows;
  pool_.run(strips, [&](size_t task, unsigned) {
    const size_t row = task * kProductRows, count = std::min<size_t>(kProductRows, p_ - row);
    doubles_.gemm(count, p_, p_, basis_.data() + row, 1, ld_, packed_basis_.data(), gram_.data() + row * ld_, ld_, 0);
  });
}

void FactoredOutput::reserve(uint32_t rows) {
  const size_t cells = rows * ld_;
  for (AlignedBuffer<double>* buffer : {&f_, &cf_, &z_, &e_, &u_}) buffer->reserve(cells);
  f32_.reserve(cells);
  k_.reserve(static_cast<size_t>(rows) * rows);
  sums_.reserve(rows);
  packed_.reserve(std::max<size_t>(rows, p_) * round_up(std::max<size_t>(rows, p_), kPanel64));
}

// f = [h; 1] B, padded with zeros to ld; |[h; 1]|^2 into sums_.
void FactoredOutput::features(uint32_t rows, const float* h) {
  pool_.run(rows, [&](size_t i, unsigned) {
    double* raw = u_.data() + i * ld_;
    double sum = 1;
    for (size_t k = 0; k < width_; ++k) {
      raw[k] = static_cast<double>(h[i * width_ + k]);
      sum += raw[k] * raw[k];
    }
    raw[width_] = 1;
    sums_[i] = sum;
  });
  times(rows, u_.data(), packed_basis_.data(), f_.data());
}

// Y V as it was read, to Y S.
void FactoredOutput::scale_z(uint32_t rows) {
  const double sigma = scalars_[kSigma];
  pool_.run(rows, [&](size_t i, unsigned) {
    for (size_t k = 0; k < ld_; ++k) z_[i * ld_ + k] *= sigma;
  });
}

// out (m x p) = x times a packed p x p matrix.
void FactoredOutput::times(size_t m, const double* x, const double* packed, double* out) {
  pool_.run((m + kProductRows - 1) / kProductRows, [&](size_t task, unsigned) {
    const size_t row = task * kProductRows, rows = std::min(kProductRows, m - row);
    doubles_.gemm(rows, p_, p_, x + row * ld_, ld_, 1, packed, out + row * ld_, ld_, 0);
  });
}

// sum_i c_i |W f_i - y_i|^2 = sum_i c_i (e_i T e_i - 2 e_i z_i + |y_i|^2), e_i = f_i (M + R)^-1. Leaves E and E T.
double FactoredOutput::error(uint32_t rows, const float* weights) {
  factor_.solve(rows, f_.data(), e_.data(), ld_);
  times(rows, e_.data(), packed_t_.data(), u_.data());
  pool_.run(rows, [&](size_t i, unsigned) {
    const double* e = e_.data() + i * ld_;
    const double c = weights == nullptr ? 1.0 : static_cast<double>(weights[i]);
    const double cross = doubles_.dot(p_, e, z_.data() + i * ld_);
    sums_[i] = c * (doubles_.dot(p_, e, u_.data() + i * ld_) - 2 * cross + k_[i * rows + i]);
  });
  double sum = 0;
  for (size_t i = 0; i < rows; ++i) sum += sums_[i];
  return sum;
}

// Factors M + R and packs T. In the basis, R = B^T diag(r) B.
void FactoredOutput::factor() {
  const double trace = scalars_[kTrace] / static_cast<double>(p_);
  const double rows = total_rows_ > 0 ? total_rows_ : std::max(1.0, scalars_[kRows]);
  const double ridge = (settings_.ridge + settings_.kappa * p_ / (rows + p_)) * trace + 1e-300;
  const double bias_ridge = 1e-9 * trace + 1e-300;
  const double* last = basis_.data() + width_ * ld_;
  pool_.run(p_, [&](size_t i, unsigned) {
    for (size_t j = 0; j <= i; ++j) {
      product_[i * ld_ + j] = m_[i * ld_ + j] + ridge * gram_[i * ld_ + j] + (bias_ridge - ridge) * last[i] * last[j];
    }
  });
  factored_ = factor_.factor(product_.data(), p_, ld_);
  if (!factored_) throw Error(NRW_NON_FINITE, "the hidden layer's second moments are not finite");
  pack(p_, p_, t_.data(), ld_, 1, packed_t_.data());
}

// matrix <- Q^T matrix Q with Q = L^-T sqrt(scale), for a symmetric matrix (the scale is the caller's).
void FactoredOutput::congruence(AlignedBuffer<double>& matrix) {
  factor_.half_solve(p_, matrix.data(), matrix.data(), ld_);
  for (size_t i = 0; i < p_; ++i)
    for (size_t j = 0; j < i; ++j) std::swap(matrix[i * ld_ + j], matrix[j * ld_ + i]);
  factor_.half_solve(p_, matrix.data(), matrix.data(), ld_);
}

// A new basis B Q, Q = L^-T sqrt(s) with M + R = L L^T and s its mean diagonal: M + R becomes s I. The rows of V that
// no batch has touched are 0 and stay so.
void FactoredOutput::rebase() {
  double scale = 0;
  for (size_t k = 0; k < p_; ++k) scale += product_[k * ld_ + k];
  scale /= static_cast<double>(p_);
  const double root = std::sqrt(scale), sigma = scalars_[kSigma];
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
  constexpr size_t kRowsAtOnce = 128;
  AlignedBuffer<double> rows(kRowsAtOnce * ld_);
  for (size_t first = 0; first < columns_;) {
    size_t count = 0;
    uint32_t column[kRowsAtOnce];
    for (; first < columns_ && count < kRowsAtOnce; ++first) {
      const float* v = v_.row(first);
      if (std::all_of(v, v + p_, [](float x) { return x == 0; })) continue;
      column[count] = static_cast<uint32_t>(first);
      for (size_t k = 0; k < p_; ++k) rows[count * ld_ + k] = sigma * root * static_cast<double>(v[k]);
      ++count;
    }
    factor_.half_solve(count, rows.data(), rows.data(), ld_);
    for (size_t i = 0; i < count; ++i) {
      float* v = v_.row(column[i]);
      for (size_t k = 0; k < p_; ++k) v[k] = static_cast<float>(rows[i * ld_ + k]);
    }
  }
  scalars_[kSigma] = 1;
  pack_basis();
  factor();
}

void FactoredOutput::scale_v() {
  const float scale = static_cast<float>(scalars_[kSigma]);
  pool_.run((columns_ + 1023) / 1024, [&](size_t task, unsigned) {
    const size_t end = std::min<size_t>((task + 1) * 1024, columns_) * ld_;
    for (size_t at = task * 1024 * ld_; at < end; ++at) v_.value[at] *= scale;
  });
  scalars_[kSigma] = 1;
}

double FactoredOutput::train(const SparseBatch& batch, const float* h, const float* weights, double a, float* d_h) {
  const uint32_t rows = batch.rows;
  if (rows == 0) return 0;
  reserve(rows);
  features(rows, h);
  const double steps = scalars_[kSteps] + 1;
  const double beta = std::min(settings_.beta, 1 - 1 / (steps / 2 + 2));
  const auto weight = [&](size_t i) { return weights == nullptr ? 1.0 : static_cast<double>(weights[i]); };
  double trace = 0;
  for (size_t i = 0; i < rows; ++i) trace += weight(i) * sums_[i];
  pool_.run(rows, [&](size_t i, unsigned) {
    const double scale = weight(i) / (scalars_[kSigma] * beta);  // V is for the new sigma
    for (size_t k = 0; k < ld_; ++k) {
      const double f = k < p_ ? f_[i * ld_ + k] : 0;
      cf_[i * ld_ + k] = weight(i) * f;
      f32_[i * ld_ + k] = static_cast<float>(scale * f);
    }
  });
  target_.run(batch, v_, f32_.data(), z_.data(), k_.data());
  scale_z(rows);

  double loss = 0;
  if (factored_) {
    loss = error(rows, weights);
  } else {
    for (size_t i = 0; i < rows; ++i) loss += weight(i) * k_[i * rows + i];
  }

  // G = beta Z + K C H / 2 and beta Z + K C H, the Z of the new S.
  pack(rows, p_, cf_.data(), ld_, 1, packed_.data());
  pool_.run((rows + kProductRows - 1) / kProductRows, [&](size_t task, unsigned) {
    const size_t row = task * kProductRows, count = std::min<size_t>(kProductRows, rows - row);
    doubles_.gemm(count, p_, rows, k_.data() + row * rows, rows, 1, packed_.data(), u_.data() + row * ld_, ld_, 0);
    for (size_t at = row * ld_; at < (row + count) * ld_; ++at) {
      const double kcf = u_[at];
      e_[at] = beta * z_[at] + kcf / 2;  // G
      z_[at] = beta * z_[at] + kcf;
    }
  });
  // M <- beta M + H^T C H (packed_ holds C H), a strip of rows a task: the lower triangle, rounded up to whole panels.
  const size_t strips = (p_ + kProductRows - 1) / kProductRows;
  pool_.run(strips, [&](size_t task, unsigned) {
    const size_t row = task * kProductRows, count = std::min<size_t>(kProductRows, p_ - row);
    double* m = m_.data() + row * ld_;
    for (size_t at = 0; at < count * ld_; ++at) m[at] *= beta;
    const size_t columns = std::min<size_t>(p_, round_up(row + count, kPanel64));
    doubles_.gemm(count, columns, rows, f_.data() + row, 1, ld_, packed_.data(), m, ld_, 1);
  });
  // T <- beta^2 T + P + P^T with P = (C H)^T G.
  pack(rows, p_, e_.data(), ld_, 1, packed_.data());
  pool_.run(strips, [&](size_t task, unsigned) {
    const size_t row = task * kProductRows, count = std::min<size_t>(kProductRows, p_ - row);
    doubles_.gemm(count, p_, rows, cf_.data() + row, 1, ld_, packed_.data(), product_.data() + row * ld_, ld_, 0);
  });
  pool_.run(strips, [&](size_t task, unsigned) {
    const size_t row = task * kProductRows, count = std::min<size_t>(kProductRows, p_ - row);
    for (size_t i = row; i < row + count; ++i) {
      for (size_t j = 0; j < p_; ++j) {
        t_[i * ld_ + j] = beta * beta * t_[i * ld_ + j] + (product_[i * ld_ + j] + product_[j * ld_ + i]);
      }
    }
  });
  scalars_[kSteps] = steps;
  scalars_[kRows] = beta * scalars_[kRows] + rows;
  scalars_[kSigma] *= beta;
  scalars_[kTrace] = beta * scalars_[kTrace] + trace;
  if (scalars_[kSigma] < kSmallestSigma) scale_v();
  factor();

  // d_h = 2 a C (E T - Z) (M + R)^-1 with the new matrices.
  factor_.solve(rows, f_.data(), e_.data(), ld_);
  times(rows, e_.data(), packed_t_.data(), u_.data());
  for (size_t at = 0; at < rows * ld_; ++at) u_[at] -= z_[at];
  factor_.solve(rows, u_.data(), u_.data(), ld_);
  times(rows, u_.data(), packed_basis_t_.data(), e_.data());
  pool_.run(rows, [&](size_t i, unsigned) {
    const double scale = 2 * a * weight(i);
    for (size_t k = 0; k < width_; ++k) d_h[i * width_ + k] = static_cast<float>(scale * e_[i * ld_ + k]);
  });
  const bool early = std::find(std::begin(kRebaseSteps), std::end(kRebaseSteps), steps) != std::end(kRebaseSteps);
  if (early || (condition() > kWorstCondition && std::fmod(steps, kRestSteps) == 0)) rebase();
  return a * loss;
}

double FactoredOutput::evaluate(const SparseBatch& batch, const float* h) {
  if (batch.rows == 0) return 0;
  reserve(batch.rows);
  features(batch.rows, h);
  target_.run(batch, v_, nullptr, z_.data(), k_.data());
  scale_z(batch.rows);
  if (factored_) return error(batch.rows, nullptr);
  double sum = 0;
  for (size_t i = 0; i < batch.rows; ++i) sum += k_[i * batch.rows + i];
  return sum;
}

void FactoredOutput::weights(uint32_t first, uint32_t count, float* w, float* bias) {
  constexpr size_t kRowsAtOnce = 64;
  AlignedBuffer<double> s(kRowsAtOnce * ld_), raw(kRowsAtOnce * ld_);
  for (size_t done = 0; done < count; done += kRowsAtOnce) {
    const size_t rows = std::min<size_t>(kRowsAtOnce, count - done);
    for (size_t i = 0; i < rows; ++i) {
      const float* v = v_.row(first + done + i);
      for (size_t k = 0; k < ld_; ++k) s[i * ld_ + k] = scalars_[kSigma] * static_cast<double>(v[k]);
    }
    if (factored_) factor_.solve(rows, s.data(), s.data(), ld_);
    times(rows, s.data(), packed_basis_t_.data(), raw.data());
    for (size_t i = 0; i < rows; ++i) {
      const double* row = raw.data() + i * ld_;
      if (w != nullptr) {
        for (size_t k = 0; k < width_; ++k) w[(done + i) * width_ + k] = static_cast<float>(row[k]);
      }
      if (bias != nullptr) bias[done + i] = static_cast<float>(row[width_]);
    }
  }
}

void FactoredOutput::restored() {
  factored_ = false;
  pack_basis();
  if (scalars_[kSteps] > 0) factor();
}

double FactoredOutput::condition() const noexcept {
  const double ratio = factor_.largest_diagonal() / factor_.smallest_diagonal();
  return ratio * ratio;
}

size_t FactoredOutput::workspace_bytes(uint32_t width, uint32_t batch_rows) noexcept {
  const size_t p = width + 1, ld = stride_of(width), m = batch_rows;
  return 10 * p * ld * 8 + m * ld * (5 * 8 + 4) + m * m * 8 + std::max(m, p) * 2 * ld * 8 +
         TargetPass::bytes(m, ld, 16);
}

}  // namespace nrw
