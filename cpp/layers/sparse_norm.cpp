#include "layers/sparse_norm.h"

#include <algorithm>
#include <cstring>

namespace nrw {

namespace {

constexpr size_t kParts = 8;
constexpr uint32_t kMostRows = 256;  // of a batch: 4 MB of pairs

// In cycles: a pair of entries takes about two, a fused multiply-add of a register of width about one. A column with
// many entries is better summed up as it is.
size_t pairs_cost(size_t entries) { return entries * entries; }
size_t gather_cost(size_t entries, size_t width) { return (entries + 2) * width / 8; }

}  // namespace

bool SparseNorm::few(const SparseBatch& batch) noexcept { return batch.rows <= kMostRows; }

bool SparseNorm::cheap(const SparseBatch& batch, size_t width) noexcept {
  if (!few(batch)) return false;
  size_t cost = 0;
  for (size_t t = 0; t < batch.touched; ++t) {
    const size_t entries = batch.touched_ptr[t + 1] - batch.touched_ptr[t];
    cost += std::min(pairs_cost(entries), gather_cost(entries, width));
  }
  return cost <= size_t{batch.touched} * width / 4;
}

// X X^T over the columns with few entries, in parts. Returns the sum of squares of the other columns' gradients.
double SparseNorm::make_pairs(const SparseBatch& batch, const float* d, size_t width) {
  const size_t m = batch.rows, stride = (width + 15) / 16 * 16;
  pairs_.reserve(kParts * m * m);
  partial_.reserve(kParts);
  gradient_.reserve(pool_.size() * stride);
  const float* const values = batch.csc_inputs();
  pool_.run(kParts, [&](size_t part, unsigned worker) {
    double* const pairs = pairs_.data() + part * m * m;
    float* const gradient = gradient_.data() + worker * stride;
    std::memset(pairs, 0, m * m * sizeof(double));
    double squares = 0;
    for (size_t t = batch.touched * part / kParts, end = batch.touched * (part + 1) / kParts; t < end; ++t) {
      const size_t begin = batch.touched_ptr[t], after = batch.touched_ptr[t + 1], entries = after - begin;
      if (pairs_cost(entries) <= gather_cost(entries, width)) {
        for (size_t at = begin; at < after; ++at) {  // rows rise: above the diagonal, and on it
          double* const row = pairs + batch.csc_row[at] * m;
          const double own = static_cast<double>(values[at]);
          for (size_t other = at; other < after; ++other) {
            row[batch.csc_row[other]] += own * static_cast<double>(values[other]);
          }
        }
      } else {
        sparse_.gather(width, entries, batch.csc_row.data() + begin, values + begin, d, width, false, gradient);
        squares += kernels_.sum_squares(width, gradient);
      }
    }
    partial_[part] = squares;
  });
  double sum = 0;
  for (size_t part = 0; part < kParts; ++part) sum += partial_[part];
  return sum;
}

double SparseNorm::sum_squares(const SparseBatch& batch, const float* d, size_t width, const double* gram) {
  const size_t m = batch.rows, parts = gram == nullptr ? kParts : 1;
  double sum = gram == nullptr ? make_pairs(batch, d, width) : 0;
  const double* const pairs = gram == nullptr ? pairs_.data() : gram;
  partial_.reserve(m);
  pool_.run(m, [&](size_t i, unsigned) {
    double own = 0;
    for (size_t k = i; k < m; ++k) {
      double pair = 0;
      for (size_t part = 0; part < parts; ++part) pair += pairs[(part * m + i) * m + k];
      if (pair == 0) continue;
      own += (k == i ? 1 : 2) * pair * sparse_.dot(width, d + i * width, d + k * width);
    }
    partial_[i] = own;
  });
  for (size_t i = 0; i < m; ++i) sum += partial_[i];
  return std::max(sum, 0.0);
}

}  // namespace nrw
