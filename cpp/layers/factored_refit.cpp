// Fits of the factored output layer to many batches at once, and the choice of their ridge.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "layers/factored_output.h"

namespace nrw {

namespace {
constexpr size_t kHeldAtOnce = 256;              // rows held out that are gone through at a time
constexpr int kLeastRidge = -6, kMostRidge = 6;  // a refit tries 10^(k/2), as a share of the mean second moment
}  // namespace

void FactoredOutput::begin_refit() {
  factored_ = false;
  v_.value.zero();
  m_.zero();
  t_.zero();
  basis_.zero();
  for (size_t k = 0; k < p_; ++k) basis_[k * ld_ + k] = 1;
  pack_basis();
  std::fill(scalars_, scalars_ + kScalars, 0.0);
  scalars_[kSigma] = 1;
  squares_ = 0;
  held_f_ = held_z_ = held_squares_ = held_weights_ = {};
}

void FactoredOutput::absorb(const SparseBatch& batch, const float* h, const float* weights) {
  if (sum_of(weights, batch.rows) == 0) return;
  take_up(batch, h, weights, 1);
  for (size_t i = 0; i < batch.rows; ++i) squares_ += weight_of(weights, i) * k_[i * batch.rows + i];
}

// The error of rows that are left out of the fit, about: (residual sum of squares / n) / (1 - trace of the hat matrix /
// n)^2. Golub, Heath, Wahba, "Generalized Cross-Validation as a Method for Choosing a Good Ridge Parameter",
// Technometrics 1979. With A = M + R and T = S' S: residual = |Y|^2 - 2 tr(T A^-1) + tr(M A^-1 T A^-1), hat = tr(M
// A^-1).
double FactoredOutput::cross_validated(double ridge) {
  if (!try_factor(ridge, true)) return INFINITY;
  for (size_t i = 0; i < p_; ++i)
    for (size_t j = 0; j < i; ++j) m_[j * ld_ + i] = m_[i * ld_ + j];
  factor_.solve(p_, m_.data(), product_.data(), ld_);  // M A^-1
  factor_.solve(p_, t_.data(), solved_.data(), ld_);   // T A^-1
  double hat = 0, fit = 0, both = 0;
  for (size_t i = 0; i < p_; ++i) {
    hat += product_[i * ld_ + i];
    fit += solved_[i * ld_ + i];
    for (size_t j = 0; j < p_; ++j) both += product_[i * ld_ + j] * solved_[j * ld_ + i];
  }
  const double n = scalars_[kRows], left = 1 - hat / n;
  const double residual = squares_ - 2 * fit + both;
  if (!(left > 0) || !std::isfinite(residual)) return INFINITY;
  return std::max(0.0, residual) / (n * left * left);
}

void FactoredOutput::hold_out(const SparseBatch& batch, const float* h, const float* weights) {
  if (batch.rows == 0) return;
  look(batch, h);
  const size_t values = size_t{batch.rows} * ld_;
  held_f_.insert(held_f_.end(), f_.data(), f_.data() + values);
  held_z_.insert(held_z_.end(), z_.data(), z_.data() + values);
  for (size_t i = 0; i < batch.rows; ++i) {
    held_squares_.push_back(k_[i * batch.rows + i]);
    held_weights_.push_back(weight_of(weights, i));
  }
}

// Of each row held out, with that ridge; none where M + R cannot be factored.
std::vector<double> FactoredOutput::held_out_errors(double ridge) {
  const size_t rows = held_squares_.size();
  if (!try_factor(ridge, true)) return {};
  std::vector<double> errors(rows);
  pack_t();
  for (size_t first = 0; first < rows; first += kHeldAtOnce) {
    const size_t count = std::min(kHeldAtOnce, rows - first);
    const double* const z = held_z_.data() + first * ld_;
    reserve(static_cast<uint32_t>(count));
    factor_.solve(count, held_f_.data() + first * ld_, e_.data(), ld_);
    std::fill_n(u_.data(), count * ld_, 0.0);
    tiles(count, [&](size_t row, size_t several, size_t column, size_t n) {
      add_times_t(several, e_.data() + row * ld_, column, n, u_.data() + row * ld_ + column);
    });
    for (size_t i = 0; i < count; ++i) {
      double sum = held_squares_[first + i];
      for (size_t k = 0; k < p_; ++k) sum += e_[i * ld_ + k] * (u_[i * ld_ + k] - 2 * z[i * ld_ + k]);
      errors[first + i] = sum;
    }
  }
  return errors;
}

// Where rows are held out: the ridge with their lowest error, if this is lower than that of the largest ridge by more
// than the standard error of the difference; else the largest. Errors are weighted, and rows count as many as rows of
// one weight would for whom the mean is as uncertain (Kish, "Survey Sampling", 1965). The error falls and then rises,
// so ridges are tried from the largest on until it has risen twice. Without such rows: the ridge of generalized
// cross-validation.
void FactoredOutput::choose_ridge() {
  const auto tried = [](int half) { return std::pow(10.0, half / 2.0); };
  const size_t rows = held_squares_.size();
  double best = INFINITY;
  if (rows < 2) {
    solved_.reserve(p_ * ld_);
    for (int half = kLeastRidge; half <= kMostRidge; ++half) {
      const double error = cross_validated(tried(half));
      if (error < best) {
        best = error;
        scalars_[kRidge] = tried(half);
      }
    }
    return;
  }
  const std::vector<double> most = held_out_errors(tried(kMostRidge));
  if (most.empty()) return;
  const double all = std::accumulate(held_weights_.begin(), held_weights_.end(), 0.0);
  const double alike =
      all * all / std::inner_product(held_weights_.begin(), held_weights_.end(), held_weights_.begin(), 0.0);
  best = 0;
  scalars_[kRidge] = tried(kMostRidge);
  if (!(alike > 1)) return;  // one row says nothing of how uncertain a mean is
  double before = 0;
  int rises = 0;
  for (int half = kMostRidge - 1; half >= kLeastRidge && rises < 2; --half) {
    const std::vector<double> errors = held_out_errors(tried(half));
    if (errors.empty()) break;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < rows; ++i) {
      const double less = errors[i] - most[i];
      sum += held_weights_[i] * less;
      squares += held_weights_[i] * less * less;
    }
    const double mean = sum / all;
    const double error = std::sqrt(std::max(0.0, squares / all - mean * mean) / (alike - 1));
    rises = mean > before ? rises + 1 : 0;
    before = mean;
    if (mean < best && mean < -error) {
      best = mean;
      scalars_[kRidge] = tried(half);
    }
  }
}

void FactoredOutput::end_refit() {
  if (scalars_[kSteps] == 0) return;
  if (settings_.chosen) choose_ridge();
  factor();
  if (condition() > kWorstCondition) rebase();
  // The rows of the refit are past ones: the weight of the next batch is the settled one.
  scalars_[kSteps] = std::max(scalars_[kSteps], std::ceil(2 / (1 - settings_.beta)));
  held_f_ = held_z_ = held_squares_ = held_weights_ = {};
}

}  // namespace nrw
