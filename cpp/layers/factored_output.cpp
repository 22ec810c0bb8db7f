#include "layers/factored_output.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/status.h"

namespace nrw {

namespace {
constexpr size_t round_up(size_t n, size_t to) noexcept { return (n + to - 1) / to * to; }
constexpr size_t kUpdateColumns = 8 * kPanel64;  // columns of M and T a task updates, of kPanel64 rows
constexpr double kSmallestSigma = 1e-10;
// The basis of the first batch is made anew at this step, when M is settled, and whenever M + R has become badly
// conditioned, though not in each step.
constexpr double kSettledSteps = 500;
constexpr double kRestSteps = 50;
constexpr double kBiasRidge = 1e-9;  // as a share of the mean second moment, as the next one
constexpr double kFreeRidge = 1e-7;  // of the free features
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
      packed_t_(p_ * round_up(p_, kPanel64)),
      rows_(pool.size() * SpdFactor::kRowsAtOnce * ld_),
      free_gram_(settings.free > 0 ? p_ * ld_ : 0) {
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

// A panel of T in three parts, above, on and below its diagonal block.
// The panel of T in three parts, packed one by one: the rows above its diagonal block, the block, and those below.
void FactoredOutput::pack_t() {
  pool_.run((p_ + kPanel64 - 1) / kPanel64, [&](size_t panel, unsigned) {
    const size_t first = panel * kPanel64, n = std::min(kPanel64, p_ - first), next = first + n;
    double* const packed = packed_t_.data() + first * p_;
    doubles_.pack(first, n, t_.data() + first, ld_, 1, packed);
    doubles_.pack(n, n, t_.data() + first * ld_ + first, ld_, 1, packed + first * kPanel64);
    doubles_.pack(p_ - next, n, t_.data() + next * ld_ + first, ld_, 1, packed + next * kPanel64);
  });
}

void FactoredOutput::add_times_t(size_t count, const double* e, size_t first, size_t n, double* u) const noexcept {
  const double* const t = packed_t_.data() + first * p_;
  const size_t next = first + n;
  doubles_.gemm(count, n, first, e, ld_, 1, t, u, ld_, 1);
  doubles_.gemm(count, n, n, e + first, ld_, 1, t + first * kPanel64, u, ld_, 1);
  doubles_.gemm(count, n, p_ - next, e + next, ld_, 1, t + next * kPanel64, u, ld_, 1);
}

void FactoredOutput::reserve(uint32_t rows) {
  const size_t cells = rows * ld_, wide = round_up(p_, kPanel64);
  for (AlignedBuffer<double>* buffer : {&f_, &cf_, &z_, &e_, &u_}) buffer->reserve(cells);
  f32_.reserve(cells);
  k_.reserve(static_cast<size_t>(rows) * rows);
  sums_.reserve(rows * wide / kPanel64);
  packed_.reserve(rows * wide);
  packed_g_.reserve(rows * wide);
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
  tiles(rows, [&](size_t row, size_t count, size_t first, size_t n) {
    doubles_.gemm(count, n, first + n, u_.data() + row * ld_, ld_, 1, packed_basis_.data() + first * p_,
                  f_.data() + row * ld_ + first, ld_, 0);
  });
}

// A tile of x B^T.
void FactoredOutput::times_basis_t(const double* x, double* out, size_t row, size_t rows, size_t first, size_t n) {
  doubles_.gemm(rows, n, p_ - first, x + row * ld_ + first, ld_, 1, packed_basis_t_.data() + first * p_,
                out + row * ld_ + first, ld_, 0);
}

// sum_i c_i |W f_i - y_i|^2 = sum_i c_i (e_i T e_i - 2 e_i z_i + |y_i|^2), e_i = f_i (M + R)^-1. T is symmetric: of a
// panel of E T only the part above the diagonal block, twice, and the diagonal block itself are needed.
FactoredRule::Errors FactoredOutput::error(uint32_t rows, const float* weights) {
  const size_t panels = (p_ + kPanel64 - 1) / kPanel64;
  factor_.solve(rows, f_.data(), e_.data(), ld_);
  tiles(rows, [&](size_t row, size_t count, size_t first, size_t n) {
    const double *const e = e_.data() + row * ld_, *const z = z_.data() + row * ld_ + first;
    double* const u = u_.data() + row * ld_ + first;
    const double* const t = packed_t_.data() + first * p_;
    doubles_.gemm(count, n, first, e, ld_, 1, t, u, ld_, 0);
    for (size_t i = 0; i < count; ++i)
      for (size_t k = 0; k < n; ++k) u[i * ld_ + k] = 2 * (u[i * ld_ + k] - z[i * ld_ + k]);
    doubles_.gemm(count, n, n, e + first, ld_, 1, t + first * kPanel64, u, ld_, 1);
    for (size_t i = 0; i < count; ++i) {
      sums_[(row + i) * panels + first / kPanel64] = doubles_.dot(n, e + i * ld_ + first, u + i * ld_);
    }
  });
  Errors sum;
  for (size_t i = 0; i < rows; ++i) {
    double own = k_[i * rows + i];
    for (size_t panel = 0; panel < panels; ++panel) own += sums_[i * panels + panel];
    if (own < 0) own = 0;  // of a row without error rounding can leave a little less than 0
    sum.weighted += weight_of(weights, i) * own;
    sum.alike += own;
  }
  return sum;
}

double FactoredOutput::present_ridge() const noexcept {
  if (scalars_[kRidge] > 0) return scalars_[kRidge];
  const double rows = total_rows_ > 0 ? total_rows_ : std::max(1.0, scalars_[kRows]);
  return settings_.ridge + settings_.kappa * p_ / (rows + p_);
}

// Factors M + R. In the basis, R = B^T diag(r) B. free: whether r is nearly 0 for the free features.
bool FactoredOutput::try_factor(double ridge, bool free) {
  const double trace = scalars_[kTrace] / static_cast<double>(p_);
  const double held = ridge * trace + 1e-300;
  const double bias_ridge = kBiasRidge * trace + 1e-300;
  const double* last = basis_.data() + width_ * ld_;
  const double* freed = free && settings_.free > 0 ? free_gram_.data() : nullptr;
  const double less = std::min(held, kFreeRidge * trace) - held;
  pool_.run(p_, [&](size_t i, unsigned) {
    for (size_t j = 0; j <= i; ++j) {
      product_[i * ld_ + j] = m_[i * ld_ + j] + held * gram_[i * ld_ + j] + (bias_ridge - held) * last[i] * last[j];
      if (freed != nullptr) product_[i * ld_ + j] += less * freed[i * ld_ + j];
    }
  });
  return factor_.factor(product_.data(), p_, ld_);
}

// Factors M + R and packs T.
void FactoredOutput::factor(bool free) {
  factored_ = try_factor(present_ridge(), free);
  if (!factored_) {
    double sum = 0;
    for (size_t i = 0; i < p_; ++i)
      sum = std::accumulate(product_.data() + i * ld_, product_.data() + i * ld_ + i + 1, sum);
    if (!std::isfinite(sum)) throw Error(NRW_NON_FINITE, "the hidden layer's second moments are not finite");
    throw Error(NRW_INVALID_ARGUMENT,
                format("ridge: %g is too little for the hidden layer's second moments, which are singular; raise it",
                       present_ridge()));
  }
  pack_t();
}

// M <- beta M + H^T C H and T <- beta^2 T + (C H)^T G + G^T C H, with C H in cf_ and packed_, G in e_ and packed_g_.
// The lower triangles, rounded up to whole panels, in strips of kPanel64 rows, the longest first; that of T is
// mirrored.
void FactoredOutput::advance(uint32_t rows, double beta) {
  const size_t strips = (p_ + kPanel64 - 1) / kPanel64;
  const auto parts = [](size_t strip) { return ((strip + 1) * kPanel64 + kUpdateColumns - 1) / kUpdateColumns; };
  size_t tasks = 0;
  for (size_t strip = 0; strip < strips; ++strip) tasks += parts(strip);
  pool_.run(tasks, [&](size_t task, unsigned) {
    size_t strip = strips - 1;
    for (; task >= parts(strip); --strip) task -= parts(strip);
    const size_t row = strip * kPanel64, count = std::min<size_t>(kPanel64, p_ - row), first = task * kUpdateColumns,
                 n = std::min({kUpdateColumns, row + kPanel64 - first, p_ - first});
    double *const m = m_.data() + row * ld_ + first, *const t = t_.data() + row * ld_ + first;
    for (size_t i = 0; i < count; ++i) {
      for (size_t k = 0; k < n; ++k) {
        m[i * ld_ + k] *= beta;
        t[i * ld_ + k] *= beta * beta;
      }
    }
    const double *const packed_cf = packed_.data() + first * rows, *const packed_g = packed_g_.data() + first * rows;
    doubles_.gemm(count, n, rows, f_.data() + row, 1, ld_, packed_cf, m, ld_, 1);
    doubles_.gemm(count, n, rows, cf_.data() + row, 1, ld_, packed_g, t, ld_, 1);
    doubles_.gemm(count, n, rows, e_.data() + row, 1, ld_, packed_cf, t, ld_, 1);
    for (size_t i = row; i < row + count; ++i)
      for (size_t k = first; k < first + n && k < i; ++k) t_[k * ld_ + i] = t_[i * ld_ + k];
  });
}

// F, Z and K of a batch, which changes nothing.
void FactoredOutput::look(const SparseBatch& batch, const float* h) {
  reserve(batch.rows);
  features(batch.rows, h);
  target_.run(batch, v_, nullptr, scalars_[kSigma], z_.data(), k_.data());
}

// A batch becomes part of M, S and T. Returns its error with the W before, where there is one.
double FactoredOutput::take_up(const SparseBatch& batch, const float* h, const float* weights, double beta) {
  const uint32_t rows = batch.rows;
  reserve(rows);
  if (scalars_[kSteps] == 0) first_basis(rows, h, weights);
  features(rows, h);
  const auto weight = [&](size_t i) { return weight_of(weights, i); };
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
  target_.run(batch, v_, f32_.data(), scalars_[kSigma], z_.data(), k_.data());

  double loss = 0;
  if (factored_) {
    loss = error(rows, weights).weighted;
  } else {
    for (size_t i = 0; i < rows; ++i) loss += weight(i) * k_[i * rows + i];
  }

  // G = beta Z + K C H / 2 and beta Z + K C H, the Z of the new S.
  pack(rows, p_, cf_.data(), ld_, 1, packed_.data());
  tiles(rows, [&](size_t row, size_t count, size_t first, size_t n) {
    doubles_.gemm(count, n, rows, k_.data() + row * rows, rows, 1, packed_.data() + first * rows,
                  u_.data() + row * ld_ + first, ld_, 0);
    for (size_t i = row; i < row + count; ++i) {
      for (size_t at = i * ld_ + first; at < i * ld_ + first + n; ++at) {
        const double kcf = u_[at];
        e_[at] = beta * z_[at] + kcf / 2;  // G
        z_[at] = beta * z_[at] + kcf;
      }
    }
  });
  pack(rows, p_, e_.data(), ld_, 1, packed_g_.data());
  advance(rows, beta);
  scalars_[kSteps] += 1;
  scalars_[kRows] = beta * scalars_[kRows] + sum_of(weights, rows);
  scalars_[kSigma] *= beta;
  scalars_[kTrace] = beta * scalars_[kTrace] + trace;
  if (scalars_[kSigma] < kSmallestSigma) scale_v();
  return loss;
}

double FactoredOutput::train(const SparseBatch& batch, const float* h, const float* weights, double a, float* d_h) {
  const uint32_t rows = batch.rows;
  if (rows == 0) return 0;
  if (sum_of(weights, rows) == 0) {
    look(batch, h);  // target_gram()
    std::fill_n(d_h, size_t{rows} * width_, 0.0f);
    return 0;
  }
  const double steps = scalars_[kSteps] + 1;
  const double loss = take_up(batch, h, weights, std::min(settings_.beta, 1 - 1 / (steps / 2 + 2)));
  factor();

  // d_h = 2 a C (E T - Z) (M + R)^-1 with the new matrices.
  factor_.solve(rows, f_.data(), e_.data(), ld_);
  tiles(rows, [&](size_t row, size_t count, size_t first, size_t n) {
    const double* const e = e_.data() + row * ld_;
    double* const u = u_.data() + row * ld_ + first;
    for (size_t i = 0; i < count; ++i)
      for (size_t k = 0; k < n; ++k) u[i * ld_ + k] = -z_[(row + i) * ld_ + first + k];
    add_times_t(count, e, first, n, u);
  });
  factor_.solve(rows, u_.data(), u_.data(), ld_);
  tiles(rows, [&](size_t row, size_t count, size_t first, size_t n) {
    times_basis_t(u_.data(), e_.data(), row, count, first, n);
    for (size_t i = row; i < row + count; ++i) {
      const double scale = 2 * a * weight_of(weights, i);
      for (size_t k = first; k < first + n && k < width_; ++k)
        d_h[i * width_ + k] = static_cast<float>(scale * e_[i * ld_ + k]);
    }
  });
  const bool worse = condition() > kWorstCondition && std::fmod(steps, kRestSteps) == 0;
  if (steps == kSettledSteps || worse) rebase();
  return a * loss;
}

FactoredRule::Errors FactoredOutput::evaluate(const SparseBatch& batch, const float* h, const float* weights) {
  if (batch.rows == 0) return {};
  look(batch, h);
  if (factored_) return error(batch.rows, weights);
  Errors sum;
  for (size_t i = 0; i < batch.rows; ++i) {
    sum.weighted += weight_of(weights, i) * k_[i * batch.rows + i];
    sum.alike += k_[i * batch.rows + i];
  }
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
    tiles(rows, [&](size_t row, size_t several, size_t column, size_t n) {
      times_basis_t(s.data(), raw.data(), row, several, column, n);
    });
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
  for (size_t i = 0; i < p_; ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (basis_[i * ld_ + j] != 0) {
        throw Error(NRW_FORMAT, format("factored.basis must be upper triangular, but element (%zu, %zu) is %g: "
                                       "the file is damaged",
                                       i, j, basis_[i * ld_ + j]));
      }
    }
  }
  pack_basis();
  if (scalars_[kSteps] > 0) factor();
}

double FactoredOutput::condition() const noexcept {
  const double ratio = factor_.largest_diagonal() / factor_.smallest_diagonal();
  return ratio * ratio;
}

size_t FactoredOutput::workspace_bytes(uint32_t width, uint32_t batch_rows) noexcept {
  const size_t p = width + 1, ld = stride_of(width), m = batch_rows, wide = round_up(p, kPanel64);
  return 10 * p * wide * 8 + m * ld * (5 * 8 + 4) + m * m * 8 + 2 * m * wide * 8 + m * wide / kPanel64 * 8 +
         16 * SpdFactor::kRowsAtOnce * ld * 8 + TargetPass::bytes(m, ld, 16);
}

}  // namespace nrw
