#include "model/pca.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/float_mode.h"
#include "base/philox.h"
#include "base/status.h"
#include "model/symmetric_eigen.h"

namespace nrw {

namespace {

constexpr size_t kColumnsAtOnce = 1024;          // the fewest of a task
constexpr size_t kMostParts = 64;                // sums over columns have so many parts at most
constexpr uint64_t kStream = uint64_t{1} << 40;  // of random numbers, which no tensor has
// A column of a basis counts as a combination of those before it below this share of the largest one's square.
constexpr double kNegligible = 1e-12;

}  // namespace

Pca::Pca(uint32_t columns, uint32_t components, uint32_t more, uint64_t seed, unsigned threads)
    : columns_(columns),
      components_(components),
      width_(size_t{components} + more),
      seed_(seed),
      pool_(threads),
      kernels_(kernels()),
      products_(kernels_, pool_),
      mean_(columns),
      q_(columns * width_),
      g_(columns * width_),
      offset_(width_),
      t_(width_ * width_) {}

void Pca::add(const Batch& batch) {
  if (batch.columns != columns_) {
    throw Error(NRW_INVALID_ARGUMENT, format("batches: have %u columns, expected %u", batch.columns, columns_));
  }
  if (batch.rows == 0) return;
  const FlushToZero mode;
  if (pass_ == 0) return add_to_mean(batch);
  b_.reserve(batch.rows * width_);
  if (batch.dense) {
    add_dense(batch);
  } else {
    add_sparse(batch);
  }
}

void Pca::add_to_mean(const Batch& batch) {
  rows_ += batch.rows;
  const auto add_sizes = [&](size_t count, const float* values) {
    for (size_t i = 0; i < count; ++i) absolute_ += static_cast<double>(std::fabs(values[i]));
    square_ += kernels_.sum_squares(count, values);
  };
  if (batch.dense) {
    for (uint32_t column = 0; column < columns_; ++column) {
      const float* const values = batch.csc_target.data() + column * batch.dense_stride();
      mean_[column] = std::accumulate(values, values + batch.rows, mean_[column]);
      add_sizes(batch.rows, values);
    }
    return;
  }
  add_sizes(batch.nnz(), batch.target.data());
  for (uint32_t t = 0; t < batch.touched; ++t) {
    const float* const values = batch.csc_target.data();
    double& sum = mean_[batch.touched_col[t]];
    sum = std::accumulate(values + batch.touched_ptr[t], values + batch.touched_ptr[t + 1], sum);
  }
}

void Pca::add_sparse(const Batch& batch) {
  const size_t work = 2 * batch.nnz() * width_;
  run_tasks(pool_, batch.rows, work, [&](size_t i, unsigned) {
    float* const b = b_.data() + i * width_;
    for (size_t k = 0; k < width_; ++k) b[k] = -offset_[k];
    for (size_t at = batch.row_ptr[i]; at < batch.row_ptr[i + 1]; ++at) {
      kernels_.axpy(width_, batch.target[at], q_.data() + batch.column[at] * width_, b);
    }
  });
  add_to_gram(batch.rows);
  for_blocks(pool_, batch.touched, 64, work, [&](size_t first, size_t count) {
    for (size_t t = first; t < first + count; ++t) {
      float* const g = g_.data() + batch.touched_col[t] * width_;
      for (size_t at = batch.touched_ptr[t]; at < batch.touched_ptr[t + 1]; ++at) {
        kernels_.axpy(width_, batch.csc_target[at], b_.data() + batch.csc_row[at] * width_, g);
      }
    }
  });
}

void Pca::add_dense(const Batch& batch) {
  const size_t rows = batch.rows, stride = batch.dense_stride();
  const float* const x = batch.csc_target.data();
  products_.reserve(std::max<size_t>(columns_, rows), width_);
  products_.multiply(rows, width_, columns_, {x, 1, stride}, {q_.data(), width_, 1}, b_.data(), false);
  for (size_t i = 0; i < rows; ++i) {
    for (size_t k = 0; k < width_; ++k) b_[i * width_ + k] -= offset_[k];
  }
  add_to_gram(batch.rows);
  products_.multiply(columns_, width_, rows, {x, stride, 1}, {b_.data(), width_, 1}, g_.data(), true);
}

// T += B' B, its lower triangle.
void Pca::add_to_gram(uint32_t rows) {
  for_blocks(pool_, width_, 4, rows * width_ * width_, [&](size_t first, size_t count) {
    for (size_t i = 0; i < rows; ++i) {
      const float* const b = b_.data() + i * width_;
      for (size_t r = first; r < first + count; ++r) {
        const double value = b[r];
        double* const t = t_.data() + r * width_;
        for (size_t c = 0; c <= r; ++c) t[c] += value * static_cast<double>(b[c]);
      }
    }
  });
}

void Pca::next_pass() {
  if (rows_ == 0) throw Error(NRW_INVALID_ARGUMENT, "batches: there are no rows");
  const FlushToZero mode;
  if (pass_ == 0) {
    for (double& sum : mean_) sum /= static_cast<double>(rows_);
    start();
  } else {
    shift();
    std::swap(q_, g_);
  }
  orthonormalise(q_.data());
  orthonormalise(q_.data());  // the first time leaves what rounding makes of a badly conditioned basis
  place_mean();
  g_.zero();
  std::fill(t_.begin(), t_.end(), 0.0);
  ++pass_;
}

// G -= a Q: of X' X - a I the large eigenvalues are further above the small ones, as long as a is at most half of the
// smallest one sought (Feng, Xie, Song, Yu, Tang, "Faster Randomized SVD with Dynamic Shifts", 2024). The smallest Ritz
// value is below it.
void Pca::shift() {
  const double smallest = SymmetricEigen(width_, t_, false).values.back();
  shift_ = std::max(shift_, smallest / 2);
  const float shift = static_cast<float>(shift_);
  for_blocks(pool_, q_.size(), 4096, q_.size(),
             [&](size_t first, size_t count) { kernels_.axpy(count, -shift, q_.data() + first, g_.data() + first); });
}

void Pca::start() {
  for_blocks(pool_, q_.size(), 4096, 10 * q_.size(), [&](size_t first, size_t count) {
    for (size_t at = first; at < first + count; ++at) {
      const auto words = draw(seed_, Purpose::kInit, kStream, at);
      q_[at] = normal(words[0], words[1]);
    }
  });
}

// Q <- Q L^-T with Q' Q = L L'. A column that depends on those before it becomes 0.
void Pca::orthonormalise(float* basis) {
  const size_t n = width_, each = std::max(kColumnsAtOnce, (columns_ + kMostParts - 1) / kMostParts);
  const size_t parts = (columns_ + each - 1) / each;
  std::vector<double> sums(parts * n * n), l(n * n), scale(n);
  pool_.run(parts, [&](size_t part, unsigned) {
    double* const sum = sums.data() + part * n * n;
    for (size_t j = part * each; j < std::min<size_t>((part + 1) * each, columns_); ++j) {
      const float* const row = basis + j * n;
      for (size_t r = 0; r < n; ++r) {
        const double value = row[r];
        for (size_t c = 0; c <= r; ++c) sum[r * n + c] += value * static_cast<double>(row[c]);
      }
    }
  });
  for (size_t part = 1; part < parts; ++part) {
    for (size_t at = 0; at < n * n; ++at) sums[at] += sums[part * n * n + at];
  }
  double largest = 0;
  for (size_t r = 0; r < n; ++r) largest = std::max(largest, sums[r * n + r]);
  for (size_t r = 0; r < n; ++r) {
    for (size_t c = 0; c <= r; ++c) {
      double value = sums[r * n + c];
      for (size_t k = 0; k < c; ++k) value -= l[r * n + k] * l[c * n + k];
      if (c < r) {
        l[r * n + c] = value * scale[c];
      } else if (value > kNegligible * largest) {
        l[r * n + r] = std::sqrt(value);
        scale[r] = 1 / l[r * n + r];
      }  // else the column's scale stays 0
    }
  }
  std::vector<double> rooms(pool_.size() * n);
  pool_.run(parts, [&](size_t part, unsigned worker) {
    double* const solved = rooms.data() + worker * n;
    for (size_t j = part * each; j < std::min<size_t>((part + 1) * each, columns_); ++j) {
      float* const row = basis + j * n;
      for (size_t r = 0; r < n; ++r) {
        double value = row[r];
        for (size_t c = 0; c < r; ++c) value -= l[r * n + c] * solved[c];
        solved[r] = value * scale[r];
      }
      for (size_t r = 0; r < n; ++r) row[r] = static_cast<float>(solved[r]);
    }
  });
}

void Pca::place_mean() {
  std::vector<double> sums(width_);
  for (uint32_t j = 0; j < columns_; ++j) {
    for (size_t k = 0; k < width_; ++k) sums[k] += mean_[j] * static_cast<double>(q_[j * width_ + k]);
  }
  std::transform(sums.begin(), sums.end(), offset_.begin(), [](double sum) { return static_cast<float>(sum); });
}

void Pca::result(float* mean, float* components, double* variances) {
  if (pass_ == 0) throw Error(NRW_INVALID_ARGUMENT, "there is no result before the second pass over the rows");
  const FlushToZero mode;
  std::transform(mean_.begin(), mean_.end(), mean, [](double value) { return static_cast<float>(value); });
  const SymmetricEigen eigen(width_, t_);
  for (uint32_t k = 0; k < components_; ++k) {
    variances[k] = eigen.values[k] / std::max(1.0, static_cast<double>(rows_) - 1);
    const double* const u = eigen.vectors.data() + k * width_;
    float* const to = components + size_t{k} * columns_;
    for_blocks(pool_, columns_, kColumnsAtOnce, columns_ * width_, [&](size_t first, size_t count) {
      for (size_t j = first; j < first + count; ++j) {
        double sum = 0;
        for (size_t r = 0; r < width_; ++r) sum += static_cast<double>(q_[j * width_ + r]) * u[r];
        to[j] = static_cast<float>(sum);
      }
    });
    const float* const most =
        std::max_element(to, to + columns_, [](float a, float b) { return std::fabs(a) < std::fabs(b); });
    if (*most < 0) {
      for (uint32_t j = 0; j < columns_; ++j) to[j] = -to[j];
    }
  }
}

}  // namespace nrw
