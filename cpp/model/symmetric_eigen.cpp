#include "model/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace nrw {

namespace {

constexpr int kMostSweeps = 60;  // ten are usual

// Rows p and q of m (n wide) become c p - s q and s p + c q.
void rotate_rows(size_t n, double* p, double* q, double c, double s) noexcept {
  for (size_t k = 0; k < n; ++k) {
    const double a = p[k], b = q[k];
    p[k] = c * a - s * b;
    q[k] = s * a + c * b;
  }
}

}  // namespace

SymmetricEigen::SymmetricEigen(size_t n, const std::vector<double>& matrix) : values(n), vectors(n * n) {
  std::vector<double> a(n * n), found(n * n);
  double norm = 0;
  for (size_t r = 0; r < n; ++r) {
    for (size_t c = 0; c < n; ++c) a[r * n + c] = matrix[std::max(r, c) * n + std::min(r, c)];
    found[r * n + r] = 1;
  }
  for (const double value : a) norm += value * value;
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    double beside = 0;  // the diagonal
    for (size_t r = 0; r < n; ++r) {
      for (size_t c = 0; c < r; ++c) beside += 2 * a[r * n + c] * a[r * n + c];
    }
    if (!(beside > 1e-30 * norm)) break;
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) {
        const double off = a[p * n + q];
        if (off == 0) continue;
        const double tau = (a[q * n + q] - a[p * n + p]) / (2 * off);
        const double t = (tau >= 0 ? 1 : -1) / (std::fabs(tau) + std::sqrt(1 + tau * tau));
        const double c = 1 / std::sqrt(1 + t * t), s = t * c;
        rotate_rows(n, a.data() + p * n, a.data() + q * n, c, s);
        for (size_t k = 0; k < n; ++k) {
          const double x = a[k * n + p], y = a[k * n + q];
          a[k * n + p] = c * x - s * y;
          a[k * n + q] = s * x + c * y;
        }
        rotate_rows(n, found.data() + p * n, found.data() + q * n, c, s);
      }
    }
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) { return a[x * n + x] > a[y * n + y]; });
  for (size_t k = 0; k < n; ++k) {
    values[k] = a[order[k] * n + order[k]];
    std::copy_n(found.data() + order[k] * n, n, vectors.data() + k * n);
  }
}

}  // namespace nrw
