// What the tests of the factored rules share: made-up training steps, dense residuals and errors in double, distances.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/batch.h"
#include "base/philox.h"
#include "layers/factored_rule.h"

namespace nrw {

constexpr uint64_t kStepSeed = 11;
inline double unit(uint64_t stream, uint64_t index) {
  const auto w = draw(kStepSeed, Purpose::kInit, stream, index);
  return uniform(w[0], w[1]);
}

struct Step {
  SparseBatch batch;
  std::vector<float> h, weights;
  std::vector<double> dense;  // rows x columns

  size_t rows() const { return batch.rows; }
  double weight(size_t i) const { return static_cast<double>(weights[i]); }
  // [h; 1] of a row.
  std::vector<double> features(size_t i) const {
    const size_t width = h.size() / batch.rows;
    std::vector<double> f(h.begin() + static_cast<long>(i * width), h.begin() + static_cast<long>((i + 1) * width));
    f.push_back(1);
    return f;
  }
};

struct StepOptions {
  uint32_t rows = 16, columns = 40, width = 5;
  double density = 0.2;
  bool empty = false;     // no stored value at all
  bool repeated = false;  // every second row is the one before
  bool dead = false;      // every third hidden unit is 0
};

// Low-rank non-negative rows, about `density` of their values stored, every seventh empty, and a ReLU layer that goes
// with them.
inline Step make_step(uint64_t number, const StepOptions& o) {
  constexpr size_t kRank = 6;
  Step step;
  step.dense.assign(size_t{o.rows} * o.columns, 0);
  step.h.resize(size_t{o.rows} * o.width);
  SparseBatch& b = step.batch;
  b.rows = o.rows;
  b.columns = o.columns;
  b.row_ptr = AlignedBuffer<uint32_t>(o.rows + 1);
  std::vector<uint32_t> column;
  std::vector<float> value;
  std::vector<std::pair<uint32_t, uint32_t>> by_column;  // column, entry
  std::vector<uint32_t> row_of;
  const uint64_t stride = std::max<uint64_t>(1, static_cast<uint64_t>(o.columns * o.density / 8));
  for (uint32_t i = 0; i < o.rows; ++i) {
    const uint32_t like = o.repeated ? i / 2 * 2 : i;
    double z[kRank];
    for (size_t r = 0; r < kRank; ++r) z[r] = std::max(0.0, unit(1000 + number, like * kRank + r) - 0.3);
    for (uint32_t k = 0; k < o.width; ++k) {
      double sum = -0.1;
      for (size_t r = 0; r < kRank; ++r) sum += z[r] * (unit(1, k * kRank + r) - 0.4);
      step.h[size_t{i} * o.width + k] = o.dead && k % 3 == 0 ? 0.0f : static_cast<float>(std::max(0.0, sum));
    }
    step.weights.push_back(static_cast<float>(0.5 + unit(2000 + number, i)));
    const auto store = [&](uint32_t j) {
      double sum = 0.01;
      for (size_t r = 0; r < kRank; ++r) sum += z[r] * unit(4, j * kRank + r);
      step.dense[size_t{i} * o.columns + j] = static_cast<double>(static_cast<float>(sum));
      by_column.push_back({j, static_cast<uint32_t>(column.size())});
      row_of.push_back(i);
      column.push_back(j);
      value.push_back(static_cast<float>(sum));
    };
    if (!o.empty && i % 7 != 3) {
      if (o.columns > 10000) {  // a jump at a time: a walk over all columns would be the test's whole time
        for (uint64_t j = unit(5, like + 31 * number) * stride; j < o.columns; j += stride * 4 + j % 7)
          store(static_cast<uint32_t>(j));
      } else {
        for (uint32_t j = 0; j < o.columns; ++j)
          if (unit(3, j * 97 + like + 31 * number) < o.density) store(j);
      }
    }
    b.row_ptr[i + 1] = static_cast<uint32_t>(column.size());
  }
  std::stable_sort(by_column.begin(), by_column.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  std::vector<uint32_t> csc_row, touched, ptr{0};
  std::vector<float> csc_value;
  for (const auto& [j, entry] : by_column) {
    if (touched.empty() || touched.back() != j) {
      touched.push_back(j);
      ptr.push_back(ptr.back());
    }
    csc_row.push_back(row_of[entry]);
    csc_value.push_back(value[entry]);
    ++ptr.back();
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

// W [h; 1] - y of a row, W (D x p) dense.
inline std::vector<double> residual(const Step& s, size_t i, const std::vector<double>& w) {
  const std::vector<double> f = s.features(i);
  const size_t D = s.batch.columns, p = f.size();
  std::vector<double> e(D);
  for (size_t j = 0; j < D; ++j) {
    double sum = -s.dense[i * D + j];
    for (size_t k = 0; k < p; ++k) sum += w[j * p + k] * f[k];
    e[j] = sum;
  }
  return e;
}

// sum_i c_i |W f_i - y_i|^2, and half its gradient to h where wanted.
inline double dense_error(const Step& s, const std::vector<double>& w, std::vector<double>* d_h = nullptr) {
  const size_t p = s.h.size() / s.rows() + 1, D = s.batch.columns;
  if (d_h != nullptr) d_h->assign(s.h.size(), 0);
  double sum = 0;
  for (size_t i = 0; i < s.rows(); ++i) {
    const std::vector<double> e = residual(s, i, w);
    for (size_t j = 0; j < D; ++j) {
      sum += s.weight(i) * e[j] * e[j];
      if (d_h == nullptr) continue;
      for (size_t k = 0; k + 1 < p; ++k) (*d_h)[i * (p - 1) + k] += s.weight(i) * e[j] * w[j * p + k];
    }
  }
  return sum;
}

// A rule's W (D x p), the bias last.
inline std::vector<double> weights_of(FactoredRule& rule, uint32_t columns, uint32_t width) {
  std::vector<float> w(size_t{columns} * width), b(columns);
  rule.weights(0, columns, w.data(), b.data());
  std::vector<double> all;
  all.reserve(size_t{columns} * (width + 1));
  for (size_t j = 0; j < columns; ++j) {
    for (size_t k = 0; k < width; ++k) all.push_back(static_cast<double>(w[j * width + k]));
    all.push_back(static_cast<double>(b[j]));
  }
  return all;
}

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

// Largest relative errors of a run.
struct Worst {
  double loss = 0, gradient = 0, weights = 0;
  int compared = 0;
  void take(double of_loss, double of_gradient, double of_weights) {
    const auto larger = [](double a, double b) { return b <= a ? a : b; };  // keeps NaN
    loss = larger(loss, of_loss);
    gradient = larger(gradient, of_gradient);
    weights = larger(weights, of_weights);
    ++compared;
  }
};

}  // namespace nrw
