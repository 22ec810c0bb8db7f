#include "layers/column_errors.h"

#include <algorithm>

#include "layers/products.h"

namespace nrw {

namespace {
constexpr size_t kRows = 48;         // of a product at a time: whole strips of six
constexpr size_t kColumnTasks = 64;  // of a batch's touched columns

// How much longer an operation takes here than in the dense product of floats: doubles, and short inner products.
constexpr double kDearer = 3;

size_t round_up(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }
}  // namespace

ColumnErrors::ColumnErrors(const Kernels& kernels, ThreadPool& pool, const ColumnWeights& w, const float* bias)
    : sparse_(sparse_kernels(kernels)),
      doubles_(double_kernels()),
      pool_(pool),
      w_(w),
      bias_(bias),
      p_(size_t{w.width} + 1),
      ld_(round_up(p_, 8)),
      moments_(p_ * ld_),
      sse_(w.columns) {}

bool ColumnErrors::worthwhile(double rows, double nnz, double columns, double width) noexcept {
  const double p = width + 1;
  return kDearer * p * (rows * p + nnz + columns * p) < rows * columns * p;
}

size_t ColumnErrors::bytes(size_t columns, size_t width, size_t batch_rows, unsigned threads) noexcept {
  const size_t p = width + 1, ld = round_up(p, 8), wide = round_up(p, kPanel64);
  const size_t spaces = size_t{threads} * kRows * (ld + kPanel64);
  return sizeof(double) * (p * ld + std::max(batch_rows * (ld + wide), p * wide) + spaces + columns);
}

// The panels of G on and above the diagonal.
void ColumnErrors::add_moments(uint32_t rows, const float* h) {
  const size_t width = w_.width, panels = (p_ + kPanel64 - 1) / kPanel64, blocks = (p_ + kRows - 1) / kRows;
  features_.reserve(rows * ld_);
  packed_.reserve(rows * panels * kPanel64);
  run_tasks(pool_, rows, rows * p_, [&](size_t i, unsigned) {
    double* const f = features_.data() + i * ld_;
    for (size_t k = 0; k < width; ++k) f[k] = static_cast<double>(h[i * width + k]);
    f[width] = 1;
  });
  run_tasks(pool_, panels, rows * p_, [&](size_t panel, unsigned) {
    const size_t first = panel * kPanel64;
    doubles_.pack(rows, std::min(kPanel64, p_ - first), features_.data() + first, ld_, 1,
                  packed_.data() + first * rows);
  });
  run_tasks(pool_, panels * blocks, rows * p_ * p_, [&](size_t task, unsigned) {
    const size_t first = task / blocks * kPanel64, n = std::min(kPanel64, p_ - first), row = task % blocks * kRows;
    if (row >= first + n) return;
    doubles_.gemm(std::min(kRows, first + n - row), n, rows, features_.data() + row, 1, ld_,
                  packed_.data() + first * rows, moments_.data() + row * ld_ + first, ld_, 1);
  });
}

void ColumnErrors::add(const SparseBatch& batch, const float* h) {
  if (batch.rows == 0) return;
  add_moments(batch.rows, h);
  const size_t width = w_.width;
  run_tasks(pool_, kColumnTasks, batch.nnz() * p_, [&](size_t task, unsigned) {
    const size_t end = size_t{batch.touched} * (task + 1) / kColumnTasks;
    for (size_t t = size_t{batch.touched} * task / kColumnTasks; t < end; ++t) {
      const uint32_t column = batch.touched_col[t];
      const float* const w = w_.row(column);
      const double bias = bias_ == nullptr ? 0 : static_cast<double>(bias_[column]);
      double sum = 0;
      for (size_t e = batch.touched_ptr[t]; e < batch.touched_ptr[t + 1]; ++e) {
        const double y = static_cast<double>(batch.csc_target[e]);
        const double o = sparse_.dot(width, w, h + batch.csc_row[e] * width) + bias;
        sum += y * (y - 2 * o);
      }
      sse_[column] += sum;
    }
  });
}

double ColumnErrors::finish(double* column_sse) {
  const size_t columns = w_.columns, width = w_.width, panels = (p_ + kPanel64 - 1) / kPanel64;
  packed_.reserve(p_ * panels * kPanel64);
  pool_.run(panels, [&](size_t panel, unsigned) {  // what is above the diagonal stands for what is below, too
    const size_t first = panel * kPanel64, n = std::min(kPanel64, p_ - first);
    for (size_t k = 0; k < first; ++k)
      for (size_t j = first; j < first + n; ++j) moments_[k * ld_ + j] *= 2;
    doubles_.pack(first + n, n, moments_.data() + first, ld_, 1, packed_.data() + first * p_);
  });
  const size_t space = kRows * (ld_ + kPanel64);
  features_.reserve(pool_.size() * space);
  pool_.run((columns + kRows - 1) / kRows, [&](size_t task, unsigned worker) {
    const size_t row = task * kRows, rows = std::min(kRows, columns - row);
    double *const w = features_.data() + worker * space, *const product = w + kRows * ld_;
    for (size_t i = 0; i < rows; ++i) {
      const float* const from = w_.row(row + i);
      for (size_t k = 0; k < width; ++k) w[i * ld_ + k] = static_cast<double>(from[k]);
      w[i * ld_ + width] = bias_ == nullptr ? 0 : static_cast<double>(bias_[row + i]);
    }
    double sums[kRows] = {};
    for (size_t first = 0; first < p_; first += kPanel64) {
      const size_t n = std::min(kPanel64, p_ - first);
      doubles_.gemm(rows, n, first + n, w, ld_, 1, packed_.data() + first * p_, product, kPanel64, 0);
      for (size_t i = 0; i < rows; ++i) sums[i] += doubles_.dot(n, w + i * ld_ + first, product + i * kPanel64);
    }
    for (size_t i = 0; i < rows; ++i) {
      const double sse = sse_[row + i] + sums[i];
      sse_[row + i] = sse < 0 ? 0 : sse;  // of a column without error rounding can leave a little less than 0
    }
  });
  double total = 0;
  for (size_t column = 0; column < columns; ++column) {
    total += sse_[column];
    if (column_sse != nullptr) column_sse[column] += sse_[column];
  }
  return total;
}

}  // namespace nrw
