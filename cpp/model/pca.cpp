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

constexpr size_t kRowsAtOnce = 256;              // of a matrix, in double precision
constexpr size_t kFewestParts = 8;               // of a sum over rows, where there are rows enough,
constexpr size_t kMostParts = 64;                // and at most,
constexpr size_t kPartValues = size_t{1} << 23;  // which hold about so many values together
constexpr uint64_t kStream = uint64_t{1} << 40;  // of random numbers, which no tensor has
// A column of a basis counts as a combination of those before it below this share of the largest one's square.
constexpr double kNegligible = 1e-12;
// Above this share of its own square, what a column adds to those before it is exact enough in double precision.
constexpr double kWellApart = 1e-6;

constexpr size_t padded(size_t columns) { return (columns + kPanel64 - 1) / kPanel64 * kPanel64; }

}  // namespace

Pca::Pca(uint32_t columns, uint32_t components, uint32_t more, uint64_t seed, unsigned threads)
    : columns_(columns),
      components_(components),
      width_(size_t{components} + more),
      seed_(seed),
      pool_(threads),
      kernels_(kernels()),
      doubles_(double_kernels()),
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
  if (batch.is_dense()) {
    add_dense(batch.dense());
  } else {
    add_sparse(batch.sparse());
  }
}

void Pca::add_to_mean(const Batch& batch) {
  rows_ += batch.rows;
  const auto add_sizes = [&](size_t count, const float* values) {
    for (size_t i = 0; i < count; ++i) absolute_ += static_cast<double>(std::fabs(values[i]));
    square_ += kernels_.sum_squares(count, values);
  };
  if (const SparseBatch* const sparse = batch.if_sparse(); sparse != nullptr) {
    add_sizes(sparse->nnz(), sparse->target.data());
  }
  for (size_t t = 0; t < batch.stored_columns(); ++t) {
    const auto [column, count, values, rows] = batch.stored(t);
    mean_[column] = std::accumulate(values, values + count, mean_[column]);
    if (batch.is_dense()) add_sizes(count, values);
  }
}

void Pca::add_sparse(const SparseBatch& batch) {
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

void Pca::add_dense(const DenseBatch& batch) {
  const size_t rows = batch.rows, stride = batch.stride();
  const float* const x = batch.target.data();
  products_.reserve(std::max<size_t>(columns_, rows), width_);
  products_.multiply(rows, width_, columns_, {x, 1, stride}, {q_.data(), width_, 1}, b_.data(), false);
  for (size_t i = 0; i < rows; ++i) {
    for (size_t k = 0; k < width_; ++k) b_[i * width_ + k] -= offset_[k];
  }
  add_to_gram(batch.rows);
  products_.multiply(columns_, width_, rows, {x, stride, 1}, {b_.data(), width_, 1}, g_.data(), true);
}

// T += B' B.
void Pca::add_to_gram(uint32_t rows) { add_squares(b_.data(), rows, t_.data()); }

// sum += R' R of the rows R (count x width), its lower triangle, in parts that count and width determine and that are
// added in their order.
void Pca::add_squares(const float* rows, size_t count, double* sum) {
  const size_t n = width_, most = std::clamp(kPartValues / (n * n), kFewestParts, kMostParts);
  const size_t each = std::max(kRowsAtOnce, (count + most - 1) / most), parts = (count + each - 1) / each;
  parts_.reserve(parts * n * n);
  rooms_.reserve(pool_.size() * 2 * room());
  run_tasks(pool_, parts, count * n * n, [&](size_t part, unsigned worker) {
    double* const wide = rooms_.data() + worker * 2 * room();
    double* const packed = wide + room();
    const size_t start = part * each, end = std::min(start + each, count);
    for (size_t first = start; first < end; first += kRowsAtOnce) {
      const size_t height = std::min(kRowsAtOnce, end - first);
      std::copy(rows + first * n, rows + (first + height) * n, wide);
      doubles_.pack(height, n, wide, n, 1, packed);
      for (size_t c = 0; c < n; c += kPanel64) {
        doubles_.gemm(n - c, std::min(kPanel64, n - c), height, wide + c, 1, n, packed + c * height,
                      parts_.data() + part * n * n + c * n + c, n, first == start ? 0 : +1);
      }
    }
  });
  for (size_t part = 0; part < parts; ++part) {
    const double* const own = parts_.data() + part * n * n;
    for (size_t at = 0; at < n * n; ++at) sum[at] += own[at];
  }
}

// to (count x outputs) = R M of the rows R (count x width) and M (width x outputs <= width); to may be R. Of column j
// of M, the values from place last(j) on are 0, last rising.
template <class Last>
void Pca::multiply(const float* rows, size_t count, const double* m, size_t outputs, Last&& last, float* to) {
  const size_t n = width_, blocks = (count + kRowsAtOnce - 1) / kRowsAtOnce;
  AlignedBuffer<double> packed(n * padded(outputs));
  const auto height_of = [&](size_t c) { return last(std::min(c + kPanel64, outputs) - 1); };
  for (size_t c = 0; c < outputs; c += kPanel64) {
    doubles_.pack(height_of(c), std::min(kPanel64, outputs - c), m + c, outputs, 1, packed.data() + c * n);
  }
  rooms_.reserve(pool_.size() * 2 * room());
  run_tasks(pool_, blocks, 2 * count * n * outputs, [&](size_t block, unsigned worker) {
    double* const wide = rooms_.data() + worker * 2 * room();
    double* const product = wide + room();
    const size_t first = block * kRowsAtOnce, height = std::min(kRowsAtOnce, count - first);
    std::copy(rows + first * n, rows + (first + height) * n, wide);
    for (size_t c = 0; c < outputs; c += kPanel64) {
      doubles_.gemm(height, std::min(kPanel64, outputs - c), height_of(c), wide, n, 1, packed.data() + c * n,
                    product + c, outputs, 0);
    }
    std::transform(product, product + height * outputs, to + first * outputs,
                   [](double value) { return static_cast<float>(value); });
  });
}

void Pca::next_pass() {
  if (rows_ == 0) throw Error(NRW_INVALID_ARGUMENT, "batches: there are no rows");
  const FlushToZero mode;
  if (pass_ == 0) {
    for (double& sum : mean_) sum /= static_cast<double>(rows_);
    start();
  } else if (width_ < columns_) {  // a basis of all columns has all there is from the start
    shift();
    std::swap(q_, g_);
  }
  // Of a badly conditioned basis, rounding leaves something to the second time.
  if (!orthonormalise(q_.data())) orthonormalise(q_.data());
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

// Q <- Q L^-T with Q' Q = L L'. A column that depends on those before it becomes 0. Whether rounding matters no more
// than that of the result to single precision.
bool Pca::orthonormalise(float* basis) {
  const size_t n = width_;
  std::vector<double> squares(n * n), l(n * n), scale(n), inverse(n * n);
  add_squares(basis, columns_, squares.data());
  bool well = true;
  double largest = 0;
  for (size_t r = 0; r < n; ++r) largest = std::max(largest, squares[r * n + r]);
  for (size_t r = 0; r < n; ++r) {
    for (size_t c = 0; c <= r; ++c) {
      const double value = squares[r * n + c] - doubles_.dot(c, l.data() + r * n, l.data() + c * n);
      if (c < r) {
        l[r * n + c] = value * scale[c];
      } else if (value > kNegligible * largest) {
        l[r * n + r] = std::sqrt(value);
        scale[r] = 1 / l[r * n + r];
        well = well && value > kWellApart * squares[r * n + r];
      } else {
        well = false;  // the column's scale stays 0
      }
    }
  }
  // L^-1, whose columns are contiguous here, is L^-T by rows.
  for (size_t c = 0; c < n; ++c) {
    double* const column = inverse.data() + c * n;
    column[c] = scale[c];
    for (size_t r = c + 1; r < n; ++r) column[r] = -scale[r] * doubles_.dot(r - c, l.data() + r * n + c, column + c);
  }
  multiply(
      basis, columns_, inverse.data(), n, [](size_t j) { return j + 1; }, basis);
  return well;
}

size_t Pca::room() const noexcept { return kRowsAtOnce * padded(width_); }

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
  std::vector<double> u(width_ * components_);  // the first vectors, as columns
  for (uint32_t k = 0; k < components_; ++k) {
    for (size_t r = 0; r < width_; ++r) u[r * components_ + k] = eigen.vectors[k * width_ + r];
  }
  AlignedBuffer<float> turned(size_t{columns_} * components_);
  multiply(
      q_.data(), columns_, u.data(), components_, [&](size_t) { return width_; }, turned.data());
  for (uint32_t k = 0; k < components_; ++k) {
    variances[k] = eigen.values[k] / std::max(1.0, static_cast<double>(rows_) - 1);
    float* const to = components + size_t{k} * columns_;
    for (uint32_t j = 0; j < columns_; ++j) to[j] = turned[j * components_ + k];
    const float* const most =
        std::max_element(to, to + columns_, [](float a, float b) { return std::fabs(a) < std::fabs(b); });
    if (*most < 0) {
      for (uint32_t j = 0; j < columns_; ++j) to[j] = -to[j];
    }
  }
}

}  // namespace nrw
