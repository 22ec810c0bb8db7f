#include "layers/factored_sgd.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace nrw {

namespace {
constexpr size_t round_up(size_t n, size_t to) noexcept { return (n + to - 1) / to * to; }
constexpr size_t kProductRows = 24;     // rows of a product a task makes: whole strips of the AVX-512 product
constexpr double kWorstCondition = 30;  // of U, before it is folded into V
constexpr double kCheckSteps = 5;       // steps between two looks at it
constexpr double kLargestScale = 1e6;   // of U's entries, either way: V must stay within floats under weight decay
constexpr size_t kFoldParts = 8;        // sums of Q over parts of the columns, added in order
constexpr size_t kFoldRows = 128;       // rows of V at once
constexpr int kPowerIterations = 12;

void set_identity(AlignedBuffer<double>& matrix, size_t p, size_t ld) noexcept {
  matrix.zero();
  for (size_t k = 0; k < p; ++k) matrix[k * ld + k] = 1;
}

double sum_squares(const DoubleKernels& kernels, const AlignedBuffer<double>& matrix) noexcept {
  return kernels.dot(matrix.size(), matrix.data(), matrix.data());
}

// The largest singular value of A (p x ld) by power iteration from its longest row: a lower bound, mostly close.
double spectral_norm(const DoubleKernels& kernels, const AlignedBuffer<double>& a, size_t p, size_t ld) {
  const auto row = [&](size_t i) { return a.data() + i * ld; };
  size_t longest = 0;
  double most = -1;
  for (size_t i = 0; i < p; ++i) {
    const double length = kernels.dot(p, row(i), row(i));
    if (length > most) most = length, longest = i;
  }
  AlignedBuffer<double> x(ld), next(ld);
  std::memcpy(x.data(), row(longest), p * sizeof(double));
  double norm = 0;
  for (int iteration = 0; iteration < kPowerIterations; ++iteration) {
    const double scale = 1 / std::sqrt(kernels.dot(p, x.data(), x.data()));
    next.zero();
    norm = 0;
    for (size_t i = 0; i < p; ++i) {
      const double y = scale * kernels.dot(p, row(i), x.data());
      norm += y * y;
      for (size_t k = 0; k < p; ++k) next[k] += y * row(i)[k];
    }
    std::swap(x, next);
  }
  return std::sqrt(norm);
}
}  // namespace

FactoredSgd::FactoredSgd(uint32_t columns, uint32_t width, double weight_decay, const Kernels& kernels,
                         ThreadPool& pool)
    : columns_(columns),
      width_(width),
      p_(width + 1),
      ld_(stride_of(width)),
      weight_decay_(weight_decay),
      doubles_(double_kernels()),
      pool_(pool),
      target_(kernels, pool),
      lu_(doubles_, pool),
      u_(p_ * ld_),
      inverse_t_(p_ * ld_),
      q_(p_ * ld_),
      next_u_(p_ * ld_),
      next_inverse_t_(p_ * ld_) {
  v_.columns = columns;
  v_.width = p_;
  v_.stride = ld_;
  v_.value = AlignedBuffer<float>(static_cast<size_t>(columns) * ld_);
  set_identity(u_, p_, ld_);
  set_identity(inverse_t_, p_, ld_);
}

void FactoredSgd::started() {
  set_identity(u_, p_, ld_);
  set_identity(inverse_t_, p_, ld_);
  steps_ = 0;
  fold(nullptr);
}

void FactoredSgd::reserve(uint32_t rows) {
  for (AlignedBuffer<double>* buffer : {&f_, &cf_, &z_, &r_, &x_}) buffer->reserve(rows * ld_);
  update_.reserve(rows * ld_);
  for (AlignedBuffer<double>* buffer : {&k_, &gram_}) buffer->reserve(size_t{rows} * rows);
  for (AlignedBuffer<double>& buffer : tall_) buffer.reserve(std::max<size_t>(p_ * size_t{rows}, p_ * ld_));
  packed_.reserve(std::max<size_t>(rows, p_) * round_up(std::max<size_t>(rows, p_), kPanel64));
}

// F and C F, padded with zeros to ld.
void FactoredSgd::features(uint32_t rows, const float* h, const float* weights) {
  pool_.run(rows, [&](size_t i, unsigned) {
    double *const f = f_.data() + i * ld_, *const cf = cf_.data() + i * ld_;
    const double c = weight_of(weights, i);
    for (size_t k = 0; k < ld_; ++k) {
      f[k] = k < width_ ? static_cast<double>(h[i * width_ + k]) : k == width_ ? 1.0 : 0.0;
      cf[k] = c * f[k];
    }
  });
}

// out (m x p, leading dimension ld) = x (m x k, leading dimension ld_x) times a packed k x p matrix.
void FactoredSgd::times(size_t m, size_t k, const double* x, size_t ld_x, const double* packed, double* out) {
  pool_.run((m + kProductRows - 1) / kProductRows, [&](size_t task, unsigned) {
    const size_t row = task * kProductRows, rows = std::min(kProductRows, m - row);
    doubles_.gemm(rows, p_, k, x + row * ld_x, ld_x, 1, packed, out + row * ld_, ld_, 0);
  });
}

// From Y V, which the pass over the targets left in x_: Z = Y V U and R = F Q - Z.
void FactoredSgd::project(uint32_t rows) {
  doubles_.pack(p_, p_, u_.data(), ld_, 1, packed_.data());
  times(rows, p_, x_.data(), ld_, packed_.data(), z_.data());
  doubles_.pack(p_, p_, q_.data(), ld_, 1, packed_.data());
  times(rows, p_, f_.data(), ld_, packed_.data(), r_.data());
  for (size_t i = 0; i < rows; ++i)
    for (size_t k = 0; k < p_; ++k) r_[i * ld_ + k] -= z_[i * ld_ + k];
}

// sum_i c_i |W f_i - y_i|^2 = sum_i c_i (f_i Q f_i - 2 f_i z_i + |y_i|^2).
FactoredRule::Errors FactoredSgd::error(uint32_t rows, const float* weights) {
  Errors sum;
  for (size_t i = 0; i < rows; ++i) {
    const double* const f = f_.data() + i * ld_;
    const double c = weight_of(weights, i);
    const double residual = doubles_.dot(p_, f, r_.data() + i * ld_), cross = doubles_.dot(p_, f, z_.data() + i * ld_);
    sum.weighted += c * (residual - cross + k_[i * rows + i]);
    sum.alike += residual - cross + k_[i * rows + i];
  }
  return sum;
}

// next_u_ = U N and the transpose of its inverse. False where that is too badly conditioned to go on with: next_u_
// holds all the same.
bool FactoredSgd::advance(uint32_t rows, double g, double s) {
  const size_t m = rows, p = p_;
  // tall = X F^T (p x m) for X = U or its inverse's transpose.
  const auto times_features = [&](const AlignedBuffer<double>& x, double* tall) {
    doubles_.pack(p, m, f_.data(), 1, ld_, packed_.data());
    pool_.run((p + kProductRows - 1) / kProductRows, [&](size_t task, unsigned) {
      const size_t row = task * kProductRows, count = std::min(kProductRows, p - row);
      doubles_.gemm(count, m, p, x.data() + row * ld_, ld_, 1, packed_.data(), tall + row * m, m, 0);
    });
  };
  // out = a X + b tall C F.
  const auto combine = [&](const AlignedBuffer<double>& x, double a, double b, double* tall,
                           AlignedBuffer<double>& out) {
    doubles_.pack(m, p, cf_.data(), ld_, 1, packed_.data());
    times(p, m, tall, m, packed_.data(), out.data());
    for (size_t i = 0; i < p; ++i)
      for (size_t k = 0; k < p; ++k) out[i * ld_ + k] = a * x[i * ld_ + k] + b * out[i * ld_ + k];
  };
  times_features(u_, tall_[0].data());
  combine(u_, s, -g, tall_[0].data(), next_u_);

  if (2 * m < p) {  // N^-1 = (I + g F^T (s I - g C F F^T)^-1 C F) / s
    times_features(inverse_t_, tall_[0].data());
    doubles_.pack(p, m, f_.data(), 1, ld_, packed_.data());
    pool_.run((m + kProductRows - 1) / kProductRows, [&](size_t task, unsigned) {
      const size_t row = task * kProductRows, count = std::min(kProductRows, m - row);
      doubles_.gemm(count, m, p, cf_.data() + row * ld_, ld_, 1, packed_.data(), gram_.data() + row * m, m, 0);
      for (size_t i = row; i < row + count; ++i)
        for (size_t j = 0; j < m; ++j) gram_[i * m + j] = (i == j ? s : 0.0) - g * gram_[i * m + j];
    });
    if (!lu_.factor(gram_.data(), m, m)) return false;
    lu_.solve(p, tall_[0].data(), tall_[1].data(), m);
    combine(inverse_t_, 1 / s, g / s, tall_[1].data(), next_inverse_t_);
  } else {
    if (!lu_.factor(next_u_.data(), p, ld_)) return false;
    double* const identity = tall_[0].data();
    std::memset(identity, 0, p * ld_ * sizeof(double));
    for (size_t k = 0; k < p; ++k) identity[k * ld_ + k] = 1;
    lu_.solve(p, identity, next_inverse_t_.data(), ld_);
    for (size_t i = 0; i < p; ++i)
      for (size_t j = 0; j < i; ++j) std::swap(next_inverse_t_[i * ld_ + j], next_inverse_t_[j * ld_ + i]);
  }
  // In the Frobenius norm a mean over the singular values: 1 for an orthogonal U.
  const double mean = static_cast<double>(p), size = std::sqrt(sum_squares(doubles_, next_u_) / mean),
               inverse = std::sqrt(sum_squares(doubles_, next_inverse_t_) / mean);
  return size * inverse <= kWorstCondition && size <= kLargestScale && inverse <= kLargestScale;
}

// Q <- s^2 Q - (P + P^T), P = F^T C (g s R - g^2/2 (E E^T) C F).
void FactoredSgd::advance_q(uint32_t rows, double g, double s) {
  const size_t m = rows;
  doubles_.pack(p_, m, f_.data(), 1, ld_, packed_.data());
  pool_.run((m + kProductRows - 1) / kProductRows, [&](size_t task, unsigned) {
    const size_t row = task * kProductRows, count = std::min(kProductRows, m - row);
    doubles_.gemm(count, m, p_, r_.data() + row * ld_, ld_, 1, packed_.data(), k_.data() + row * m, m, 1);
  });
  doubles_.pack(p_, m, z_.data(), 1, ld_, packed_.data());
  pool_.run((m + kProductRows - 1) / kProductRows, [&](size_t task, unsigned) {
    const size_t row = task * kProductRows, count = std::min(kProductRows, m - row);
    doubles_.gemm(count, m, p_, f_.data() + row * ld_, ld_, 1, packed_.data(), k_.data() + row * m, m, -1);
  });
  doubles_.pack(m, p_, cf_.data(), ld_, 1, packed_.data());
  times(m, m, k_.data(), m, packed_.data(), x_.data());
  for (size_t i = 0; i < m; ++i)
    for (size_t k = 0; k < p_; ++k) x_[i * ld_ + k] = g * s * r_[i * ld_ + k] - g * g / 2 * x_[i * ld_ + k];
  doubles_.pack(m, p_, x_.data(), ld_, 1, packed_.data());
  double* const change = tall_[0].data();
  pool_.run((p_ + kProductRows - 1) / kProductRows, [&](size_t task, unsigned) {
    const size_t row = task * kProductRows, count = std::min<size_t>(kProductRows, p_ - row);
    doubles_.gemm(count, p_, m, cf_.data() + row, 1, ld_, packed_.data(), change + row * ld_, ld_, 0);
  });
  for (size_t i = 0; i < p_; ++i)
    for (size_t j = 0; j < p_; ++j)
      q_[i * ld_ + j] = s * s * q_[i * ld_ + j] - (change[i * ld_ + j] + change[j * ld_ + i]);
}

// V <- V u (u NULL: V as it is), U <- I, Q <- V^T V.
void FactoredSgd::fold(const double* u) {
  const size_t panel = p_ * round_up(p_, kPanel64), rows = kFoldRows * ld_,
               part_size = p_ * ld_ + 2 * rows + kFoldRows * round_up(p_, kPanel64);
  fold_.reserve(panel + kFoldParts * part_size);
  double* const packed_u = fold_.data();
  if (u != nullptr) doubles_.pack(p_, p_, u, ld_, 1, packed_u);
  const auto sums = [&](size_t part) { return fold_.data() + panel + part * part_size; };
  pool_.run(kFoldParts, [&](size_t part, unsigned) {
    double *const gram = sums(part), *const from = gram + p_ * ld_, *const to = from + rows, *const packed = to + rows;
    std::memset(gram, 0, p_ * ld_ * sizeof(double));
    const size_t end = size_t{columns_} * (part + 1) / kFoldParts;
    for (size_t first = size_t{columns_} * part / kFoldParts; first < end; first += kFoldRows) {
      const size_t count = std::min(kFoldRows, end - first);
      for (size_t i = 0; i < count; ++i)
        for (size_t k = 0; k < p_; ++k) from[i * ld_ + k] = static_cast<double>(v_.row(first + i)[k]);
      if (u != nullptr) {
        doubles_.gemm(count, p_, p_, from, ld_, 1, packed_u, to, ld_, 0);
        for (size_t i = 0; i < count; ++i) {
          for (size_t k = 0; k < p_; ++k) {
            float& v = v_.row(first + i)[k];
            v = static_cast<float>(to[i * ld_ + k]);
            from[i * ld_ + k] = static_cast<double>(v);
          }
        }
      }
      doubles_.pack(count, p_, from, ld_, 1, packed);
      doubles_.gemm(p_, p_, count, from, 1, ld_, packed, gram, ld_, 1);
    }
  });
  std::memcpy(q_.data(), sums(0), p_ * ld_ * sizeof(double));
  for (size_t part = 1; part < kFoldParts; ++part)
    for (size_t at = 0; at < p_ * ld_; ++at) q_[at] += sums(part)[at];
  if (u == nullptr) return;
  set_identity(u_, p_, ld_);
  set_identity(inverse_t_, p_, ld_);
  ++folds_;
}

double FactoredSgd::train(const SparseBatch& batch, const float* h, const float* weights, double a, float* d_h) {
  const uint32_t rows = batch.rows;
  if (rows == 0) return 0;
  reserve(rows);
  features(rows, h, weights);
  const double g = 2 * learning_rate_ * a, s = 1 - learning_rate_ * weight_decay_;
  const bool sound = advance(rows, g, s);
  if (sound) {  // g C F U^-1 with the new U
    doubles_.pack(p_, p_, next_inverse_t_.data(), 1, ld_, packed_.data());
    times(rows, p_, cf_.data(), ld_, packed_.data(), x_.data());
  }
  const double* const change = sound ? x_.data() : cf_.data();
  for (size_t i = 0; i < rows; ++i)
    for (size_t k = 0; k < ld_; ++k) update_[i * ld_ + k] = k < p_ ? static_cast<float>(g * change[i * ld_ + k]) : 0.0f;
  target_.run(batch, v_, sound ? update_.data() : nullptr, 1, x_.data(), k_.data());
  project(rows);
  const double loss = a * error(rows, weights).weighted;
  for (size_t i = 0; i < rows; ++i) {
    const double scale = 2 * a * weight_of(weights, i);
    for (size_t k = 0; k < width_; ++k) d_h[i * width_ + k] = static_cast<float>(scale * r_[i * ld_ + k]);
  }
  ++steps_;
  if (!sound) {  // the dense step itself: V <- V U N + g Y^T C F, whose U is I
    fold(next_u_.data());
    target_.run(batch, v_, update_.data(), 1, x_.data(), k_.data());
    fold(nullptr);
    return loss;
  }
  advance_q(rows, g, s);
  std::memcpy(u_.data(), next_u_.data(), u_.bytes());
  std::memcpy(inverse_t_.data(), next_inverse_t_.data(), inverse_t_.bytes());
  if (std::fmod(steps_, kCheckSteps) == 0) {
    const double condition = spectral_norm(doubles_, u_, p_, ld_) * spectral_norm(doubles_, inverse_t_, p_, ld_);
    if (!(condition <= kWorstCondition)) fold(u_.data());
  }
  return loss;
}

FactoredRule::Errors FactoredSgd::evaluate(const SparseBatch& batch, const float* h, const float* weights) {
  if (batch.rows == 0) return {};
  reserve(batch.rows);
  features(batch.rows, h, nullptr);
  target_.run(batch, v_, nullptr, 1, x_.data(), k_.data());
  project(batch.rows);
  return error(batch.rows, weights);
}

void FactoredSgd::weights(uint32_t first, uint32_t count, float* w, float* bias) {
  constexpr size_t kRowsAtOnce = 64;
  AlignedBuffer<double> from(kRowsAtOnce * ld_), to(kRowsAtOnce * ld_), packed(p_ * round_up(p_, kPanel64));
  doubles_.pack(p_, p_, u_.data(), ld_, 1, packed.data());
  for (size_t done = 0; done < count; done += kRowsAtOnce) {
    const size_t rows = std::min<size_t>(kRowsAtOnce, count - done);
    for (size_t i = 0; i < rows; ++i)
      for (size_t k = 0; k < p_; ++k) from[i * ld_ + k] = static_cast<double>(v_.row(first + done + i)[k]);
    times(rows, p_, from.data(), ld_, packed.data(), to.data());
    for (size_t i = 0; i < rows; ++i) {
      const double* const row = to.data() + i * ld_;
      if (w != nullptr) {
        for (size_t k = 0; k < width_; ++k) w[(done + i) * width_ + k] = static_cast<float>(row[k]);
      }
      if (bias != nullptr) bias[done + i] = static_cast<float>(row[width_]);
    }
  }
}

std::vector<FactoredRule::StateArray> FactoredSgd::state() {
  return {{"v", columns_, p_, ld_, v_.value.data(), nullptr},
          {"u", p_, p_, ld_, nullptr, u_.data()},
          {"u_inverse_t", p_, p_, ld_, nullptr, inverse_t_.data()},
          {"q", p_, p_, ld_, nullptr, q_.data()},
          {"scalars", 1, 1, 1, nullptr, &steps_}};
}

size_t FactoredSgd::workspace_bytes(uint32_t width, uint32_t batch_rows) noexcept {
  const size_t p = width + 1, ld = stride_of(width), m = batch_rows, wide = round_up(p, kPanel64);
  const size_t fold = p * wide + kFoldParts * (p * ld + kFoldRows * (2 * ld + wide));
  const size_t lu = std::max(m, p) * (std::max(m, p) + 8 + 3 * kPanel64) * 3;
  return 8 * (2 * p * ld + 5 * m * ld + 2 * m * m + 2 * p * std::max(m, ld) +
              std::max(m, p) * round_up(std::max(m, p), kPanel64) + fold + lu) +
         4 * m * ld + TargetPass::bytes(m, ld, 16);
}

}  // namespace nrw
