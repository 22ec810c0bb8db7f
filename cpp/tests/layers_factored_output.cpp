#include "layers/factored_output.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/philox.h"
#include "check.h"

using namespace nrw;

namespace {

constexpr uint64_t kSeed = 11;
double unit(uint64_t stream, uint64_t index) {
  const auto w = draw(kSeed, Purpose::kInit, stream, index);
  return uniform(w[0], w[1]);
}

// A batch of low-rank non-negative rows, about `density` of them stored, and a hidden layer that goes with them.
struct Step {
  SparseBatch batch;
  std::vector<float> h, weights;
  std::vector<double> dense;  // rows x columns
};

Step make_step(uint64_t number, uint32_t rows, uint32_t columns, uint32_t width, double density) {
  constexpr size_t kRank = 6;
  Step step;
  step.dense.assign(static_cast<size_t>(rows) * columns, 0);
  step.h.resize(static_cast<size_t>(rows) * width);
  SparseBatch& b = step.batch;
  b.rows = rows;
  b.columns = columns;
  b.row_ptr = AlignedBuffer<uint32_t>(rows + 1);
  std::vector<uint32_t> column, csc_row, touched, ptr{0};
  std::vector<float> value, csc_value;
  for (uint32_t i = 0; i < rows; ++i) {
    double z[kRank];
    for (size_t r = 0; r < kRank; ++r) z[r] = std::max(0.0, unit(1000 + number, i * kRank + r) - 0.3);
    for (uint32_t k = 0; k < width; ++k) {
      double sum = -0.1;
      for (size_t r = 0; r < kRank; ++r) sum += z[r] * (unit(1, k * kRank + r) - 0.4);
      step.h[i * width + k] = static_cast<float>(std::max(0.0, sum));
    }
    step.weights.push_back(static_cast<float>(0.5 + unit(2000 + number, i)));
    for (uint32_t j = 0; j < columns; ++j) {
      if (i % 7 == 3 || unit(3, j * 97 + i + 31 * number) >= density) continue;  // every seventh row is empty
      double sum = 0;
      for (size_t r = 0; r < kRank; ++r) sum += z[r] * unit(4, j * kRank + r);
      step.dense[static_cast<size_t>(i) * columns + j] = static_cast<float>(sum);
      column.push_back(j);
      value.push_back(static_cast<float>(sum));
    }
    b.row_ptr[i + 1] = static_cast<uint32_t>(column.size());
  }
  for (uint32_t j = 0; j < columns; ++j) {
    for (uint32_t i = 0; i < rows; ++i) {
      const double y = step.dense[static_cast<size_t>(i) * columns + j];
      if (y == 0) continue;
      csc_row.push_back(i);
      csc_value.push_back(static_cast<float>(y));
    }
    if (csc_row.size() == ptr.back()) continue;
    touched.push_back(j);
    ptr.push_back(static_cast<uint32_t>(csc_row.size()));
  }
  const auto copy = [](auto& to, const auto& from) {
    to = std::remove_reference_t<decltype(to)>(std::max<size_t>(1, from.size()));
    std::copy(from.begin(), from.end(), to.data());
  };
  copy(b.column, column);
  copy(b.target, value);
  copy(b.touched_col, touched);
  copy(b.touched_ptr, ptr);
  copy(b.csc_row, csc_row);
  copy(b.csc_target, csc_value);
  b.touched = static_cast<uint32_t>(touched.size());
  return step;
}

// The rule by its definition, dense and in double.
struct Oracle {
  size_t D, p;
  LeastSquaresSettings settings;
  double limit, rows = 0;
  int steps = 0;
  std::vector<double> M, S, W;
  Oracle(size_t D, size_t width, const LeastSquaresSettings& s, double limit)
      : D(D), p(width + 1), settings(s), limit(limit > 0 ? limit : INFINITY), M(p * p), S(D * p), W(D * p) {}

  double error(const Step& s, const std::vector<double>& w) const {
    double sum = 0;
    for (size_t i = 0; i < s.batch.rows; ++i) {
      for (size_t j = 0; j < D; ++j) {
        double o = w[j * p + p - 1];
        for (size_t k = 0; k + 1 < p; ++k) o += w[j * p + k] * static_cast<double>(s.h[i * (p - 1) + k]);
        const double r = o - s.dense[i * D + j];
        sum += static_cast<double>(s.weights[i]) * r * r;
      }
    }
    return sum;
  }

  void update(const Step& s) {
    ++steps;
    const double beta = std::min(settings.beta, 1 - 1 / (steps / 2.0 + 2));
    const size_t m = s.batch.rows;
    std::vector<double> f(p);
    for (double& x : M) x *= beta;
    for (double& x : S) x *= beta;
    for (size_t i = 0; i < m; ++i) {
      for (size_t k = 0; k + 1 < p; ++k) f[k] = static_cast<double>(s.h[i * (p - 1) + k]);
      f[p - 1] = 1;
      const double c = static_cast<double>(s.weights[i]);
      for (size_t a = 0; a < p; ++a)
        for (size_t b = 0; b < p; ++b) M[a * p + b] += c * f[a] * f[b];
      for (size_t j = 0; j < D; ++j)
        for (size_t b = 0; b < p; ++b) S[j * p + b] += c * s.dense[i * D + j] * f[b];
    }
    rows = beta * rows + static_cast<double>(m);
    // W = S (M + R)^-1 by Gauss-Jordan elimination with pivoting.
    double trace = 0;
    for (size_t k = 0; k < p; ++k) trace += M[k * p + k];
    trace /= static_cast<double>(p);
    std::vector<double> A = M, inverse(p * p);
    const double ridge =
        (settings.ridge + settings.kappa * static_cast<double>(p) / std::max(1.0, std::min(rows, limit))) * trace;
    for (size_t k = 0; k < p; ++k) {
      A[k * p + k] += k + 1 < p ? ridge : 1e-9 * trace;
      inverse[k * p + k] = 1;
    }
    for (size_t col = 0; col < p; ++col) {
      size_t pivot = col;
      for (size_t r = col; r < p; ++r)
        if (std::fabs(A[r * p + col]) > std::fabs(A[pivot * p + col])) pivot = r;
      for (size_t k = 0; k < p; ++k) {
        std::swap(A[col * p + k], A[pivot * p + k]);
        std::swap(inverse[col * p + k], inverse[pivot * p + k]);
      }
      const double scale = 1 / A[col * p + col];
      for (size_t k = 0; k < p; ++k) A[col * p + k] *= scale, inverse[col * p + k] *= scale;
      for (size_t r = 0; r < p; ++r) {
        const double factor = A[r * p + col];
        if (r == col || factor == 0) continue;
        for (size_t k = 0; k < p; ++k)
          A[r * p + k] -= factor * A[col * p + k], inverse[r * p + k] -= factor * inverse[col * p + k];
      }
    }
    for (size_t j = 0; j < D; ++j) {
      for (size_t a = 0; a < p; ++a) {
        double sum = 0;
        for (size_t b = 0; b < p; ++b) sum += S[j * p + b] * inverse[b * p + a];
        W[j * p + a] = sum;
      }
    }
  }

  std::vector<double> gradient(const Step& s, double a) const {
    const size_t m = s.batch.rows, width = p - 1;
    std::vector<double> g(m * width);
    for (size_t i = 0; i < m; ++i) {
      for (size_t j = 0; j < D; ++j) {
        double r = W[j * p + width] - s.dense[i * D + j];
        for (size_t k = 0; k < width; ++k) r += W[j * p + k] * static_cast<double>(s.h[i * width + k]);
        for (size_t k = 0; k < width; ++k)
          g[i * width + k] += 2 * a * static_cast<double>(s.weights[i]) * r * W[j * p + k];
      }
    }
    return g;
  }
};

template <class A, class B>
double relative(const A& x, const B& y) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    const double d = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    difference += d * d;
    norm += static_cast<double>(y[i]) * static_cast<double>(y[i]);
  }
  return std::sqrt(difference / norm);
}

struct Worst {
  double loss = 0, gradient = 0, weights = 0;
  int compared = 0;
};

Worst compare(uint32_t columns, uint32_t width, int steps, const std::vector<uint32_t>& batch_rows,
              unsigned threads = 2) {
  ThreadPool pool(threads);
  const LeastSquaresSettings settings;
  FactoredOutput layer(columns, width, settings, 500, kernels(), pool);
  Oracle oracle(columns, width, settings, 500);
  Worst worst;
  for (int t = 0; t < steps; ++t) {
    const Step s = make_step(static_cast<uint64_t>(t), batch_rows[static_cast<size_t>(t) % batch_rows.size()], columns,
                             width, 0.2);
    const double a = 1.0 / (static_cast<double>(s.batch.rows) * columns);
    const double want = a * oracle.error(s, oracle.W);
    std::vector<float> d_h(s.h.size());
    const double loss = layer.train(s.batch, s.h.data(), s.weights.data(), a, d_h.data());
    oracle.update(s);
    std::vector<float> w(static_cast<size_t>(columns) * width), b(columns), all, wanted;
    layer.weights(0, columns, w.data(), b.data());
    std::vector<double> mine, theirs;
    for (size_t j = 0; j < columns; ++j) {
      for (size_t k = 0; k < width; ++k) {
        mine.push_back(static_cast<double>(w[j * width + k]));
        theirs.push_back(oracle.W[j * (width + 1) + k]);
      }
      mine.push_back(static_cast<double>(b[j]));
      theirs.push_back(oracle.W[j * (width + 1) + width]);
    }
    worst.loss = std::max(worst.loss, std::fabs(loss - want) / want);
    worst.gradient = std::max(worst.gradient, relative(d_h, oracle.gradient(s, a)));
    worst.weights = std::max(worst.weights, relative(mine, theirs));
    ++worst.compared;
  }
  return worst;
}

}  // namespace

TEST(factored_least_squares_is_the_dense_rule) {
  struct Case {
    uint32_t columns, width;
    int steps;
    std::vector<uint32_t> rows;
  };
  for (const Case& c :
       {Case{1, 3, 5, {4}}, Case{40, 5, 60, {16}}, Case{200, 24, 60, {32, 32, 7}}, Case{90, 12, 40, {3, 40}}}) {
    const Worst worst = compare(c.columns, c.width, c.steps, c.rows);
    CHECK(worst.compared == c.steps);
    CHECK_CLOSE(worst.loss, 0, 2e-5);
    CHECK_CLOSE(worst.gradient, 0, 2e-4);
    CHECK_CLOSE(worst.weights, 0, 2e-5);
  }
}
