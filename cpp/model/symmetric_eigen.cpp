#include "model/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace nrw {

namespace {

constexpr int kMostSteps = 60;  // of an eigenvalue; two are usual

double dot(size_t n, const double* a, const double* b) noexcept { return std::inner_product(a, a + n, b, 0.0); }

// The tridiagonal matrix Q' A Q: its diagonal, and `beside`, of which element k is between k and k + 1.
struct Tridiagonal {
  std::vector<double> diagonal, beside;
};

// a (n x n, symmetric) is overwritten. turned: n x n for Q', or NULL.
Tridiagonal tridiagonal(size_t n, std::vector<double>& a, double* turned) {
  Tridiagonal t{std::vector<double>(n), std::vector<double>(n)};
  std::vector<double> reflectors(turned == nullptr ? 0 : n * n), scales(n), v(n), w(n);
  for (size_t k = 0; k + 1 < n; ++k) {
    const size_t m = n - k - 1;  // rows and columns that are left
    double* const rest = a.data() + (k + 1) * n + k + 1;
    for (size_t i = 0; i < m; ++i) v[i] = a[(k + 1 + i) * n + k];
    const double length = std::sqrt(dot(m, v.data(), v.data()));
    t.beside[k] = v[0] >= 0 ? -length : length;
    v[0] -= t.beside[k];
    const double square = dot(m, v.data(), v.data()), scale = square > 0 ? 2 / square : 0;
    // With p = scale A v: A <- A - v w' - w v', w = p - (scale / 2) (v . p) v.
    for (size_t i = 0; i < m; ++i) w[i] = scale * dot(m, rest + i * n, v.data());
    const double half = scale / 2 * dot(m, v.data(), w.data());
    for (size_t i = 0; i < m; ++i) w[i] -= half * v[i];
    for (size_t i = 0; i < m; ++i) {
      for (size_t j = 0; j < m; ++j) rest[i * n + j] -= v[i] * w[j] + w[i] * v[j];
    }
    if (turned == nullptr) continue;
    std::copy_n(v.data(), m, reflectors.data() + k * n);
    scales[k] = scale;
  }
  for (size_t k = 0; k < n; ++k) t.diagonal[k] = a[k * n + k];
  if (turned == nullptr) return t;
  std::fill_n(turned, n * n, 0.0);
  for (size_t i = 0; i < n; ++i) turned[i * n + i] = 1;
  for (size_t k = n; k-- > 0;) {  // Q' <- Q' (I - scale v v') from the right, the last reflection first
    if (k + 1 >= n) continue;
    const size_t m = n - k - 1;
    const double* const reflector = reflectors.data() + k * n;
    for (size_t i = 0; i < n; ++i) {
      double* const row = turned + i * n + k + 1;
      const double along = scales[k] * dot(m, row, reflector);
      for (size_t j = 0; j < m; ++j) row[j] -= along * reflector[j];
    }
  }
  return t;
}

// The first place from `first` on after which nothing connects the matrix's parts.
size_t end_of_part(const Tridiagonal& t, size_t first) noexcept {
  const double eps = std::numeric_limits<double>::epsilon();
  size_t last = first;
  while (last + 1 < t.diagonal.size()) {
    const double around = std::fabs(t.diagonal[last]) + std::fabs(t.diagonal[last + 1]);
    if (std::fabs(t.beside[last]) <= eps * around) break;
    ++last;
  }
  return last;
}

// One QL step over the part [first, last]. Rows of `turned` (rows of n, or NULL) turn with it.
void step(size_t n, Tridiagonal& t, size_t first, size_t last, double* turned) noexcept {
  std::vector<double>&d = t.diagonal, &e = t.beside;
  double g = (d[first + 1] - d[first]) / (2 * e[first]);
  g = d[last] - d[first] + e[first] / (g + std::copysign(std::hypot(g, 1.0), g));
  double s = 1, c = 1, p = 0;
  for (size_t i = last; i-- > first;) {
    const double f = s * e[i], b = c * e[i], r = std::hypot(f, g);
    e[i + 1] = r;
    if (r == 0) {
      d[i + 1] -= p;
      e[last] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1] - p;
    const double q = (d[i] - g) * s + 2 * c * b;
    p = s * q;
    d[i + 1] = g + p;
    g = c * q - b;
    if (turned == nullptr) continue;
    double *const low = turned + i * n, *const high = low + n;
    for (size_t k = 0; k < n; ++k) {
      const double x = low[k], y = high[k];
      high[k] = s * x + c * y;
      low[k] = c * x - s * y;
    }
  }
  d[first] -= p;
  e[first] = g;
  e[last] = 0;
}

}  // namespace

SymmetricEigen::SymmetricEigen(size_t n, const std::vector<double>& matrix, bool with_vectors) : values(n) {
  std::vector<double> a(n * n), turned(with_vectors ? n * n : 0);
  for (size_t r = 0; r < n; ++r) {
    for (size_t c = 0; c < n; ++c) a[r * n + c] = matrix[std::max(r, c) * n + std::min(r, c)];
  }
  double* const rows = with_vectors ? turned.data() : nullptr;
  Tridiagonal t = tridiagonal(n, a, rows);
  for (size_t first = 0; first < n; ++first) {
    for (int steps = 0; steps < kMostSteps; ++steps) {
      const size_t last = end_of_part(t, first);
      if (last == first) break;
      step(n, t, first, last, rows);
    }
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) { return t.diagonal[x] > t.diagonal[y]; });
  if (with_vectors) vectors.resize(n * n);
  for (size_t k = 0; k < n; ++k) {
    values[k] = t.diagonal[order[k]];
    if (with_vectors) std::copy_n(turned.data() + order[k] * n, n, vectors.data() + k * n);
  }
}

}  // namespace nrw
