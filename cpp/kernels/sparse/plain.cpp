// The reference: the oracle of the fast tables, and what runs where none of them can.
#include <algorithm>

#include "kernels/sparse/tables.h"

namespace nrw {

namespace {

// Blocks of kBlock elements are summed in registers over all entries.
constexpr size_t kBlock = 16;

void gather(size_t n, size_t entries, const uint32_t* rows, const float* values, const float* x, size_t stride,
            bool accumulate, float* y) noexcept {
  for (size_t first = 0; first < n; first += kBlock) {
    const size_t count = std::min(kBlock, n - first);
    float sum[kBlock] = {};
    if (accumulate) std::copy_n(y + first, count, sum);
    for (size_t e = 0; e < entries; ++e) {
      const float* row = x + rows[e] * stride + first;
      for (size_t i = 0; i < count; ++i) sum[i] += values[e] * row[i];
    }
    std::copy_n(sum, count, y + first);
  }
}

ResidualSums residual(size_t m, float bias, size_t entries, const uint32_t* rows, const float* targets, float scale,
                      float* r) noexcept {
  for (size_t e = 0; e < entries; ++e) r[rows[e]] -= targets[e];
  double squares = 0, gradient = 0;
  for (size_t i = 0; i < m; ++i) {
    const float error = r[i] + bias;
    squares += static_cast<double>(error) * static_cast<double>(error);
    r[i] = scale * error;
    gradient += static_cast<double>(r[i]);
  }
  return {squares, static_cast<float>(gradient)};
}

}  // namespace

const SparseKernels kPlainSparseKernels = {.name = "plain", .gather = gather, .residual = residual};

}  // namespace nrw
