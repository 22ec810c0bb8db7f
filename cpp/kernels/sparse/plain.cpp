// The reference. Tests compare the fast tables with it, and it runs on machines that can run none of them.
#include <algorithm>
#include <cmath>

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

double dot(size_t n, const float* a, const float* b) noexcept {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

void dots(size_t n, size_t rounds, size_t entries, const uint32_t* rows, const float* a, size_t a_step, const float* b,
          size_t b_step, size_t stride, bool accumulate, float* y) noexcept {
  for (size_t e = 0; e < entries; ++e) {
    double sum = 0;
    for (size_t r = 0; r < rounds; ++r) sum += dot(n, a + r * a_step, b + r * b_step + rows[e] * stride);
    y[e] = static_cast<float>(sum) + (accumulate ? y[e] : 0.0f);
  }
}

void catch_up(size_t n, const CatchUp& c, const float* w, const float* s1, const float* s2, float* w_out, float* s1_out,
              float* s2_out) noexcept {
  for (size_t i = 0; i < n; ++i) {
    const float weight = w[i], first = s1 == nullptr ? 0 : s1[i];
    if (s2 != nullptr) {
      const float root = std::sqrt(s2[i]);
      float move = 0;
      for (size_t k = 0; k < 3; ++k) move += c.weight[k] / (root + c.offset[k]);
      w_out[i] = c.keep * weight - first * move;
      if (s2_out != nullptr) s2_out[i] = c.decay2 * s2[i];
    } else {
      w_out[i] = c.keep * weight + c.from_s1 * first;
    }
    if (s1_out != nullptr) s1_out[i] = c.s1_from_w * weight + c.decay1 * first;
  }
}

}  // namespace

const SparseKernels kPlainSparseKernels = {
    .name = "plain", .gather = gather, .residual = residual, .dot = dot, .dots = dots, .catch_up = catch_up};

}  // namespace nrw
