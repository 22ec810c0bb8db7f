// Random batches and weights, and the two column layers in double, written as plainly as can be: what the fast ones are
// compared with, in tests and before a benchmark.
#pragma once

#include <cmath>
#include <cstring>
#include <vector>

#include "base/philox.h"
#include "layers/sparse_input.h"
#include "layers/tile_output.h"
#include "losses/mse.h"

namespace nrw::oracle {

using Matrix = std::vector<double>;

// Uniform in [-1, 1): a function of (stream, index).
inline float value(uint64_t stream, uint64_t index) {
  return 2 * uniform(draw(7, Purpose::kInit, stream, index)[0]) - 1;
}

// About `density` of the entries are there; with `empty_every`, column j * empty_every and row 1 have none. With
// masked, every third input differs from its target.
inline SparseBatch make_batch(uint32_t rows, uint32_t columns, double density, bool masked, uint32_t empty_every = 0) {
  SparseBatch batch;
  batch.rows = rows;
  batch.columns = columns;
  batch.masked = masked;
  std::vector<uint32_t> row_ptr{0}, column, csc_ptr(columns + 1, 0);
  std::vector<float> target, input;
  for (uint32_t i = 0; i < rows; ++i) {
    for (uint32_t j = 0; j < columns; ++j) {
      const uint64_t index = uint64_t{i} * columns + j;
      if (uniform(draw(8, Purpose::kMask, 0, index)[0]) >= density) continue;
      if (empty_every != 0 && (j % empty_every == 0 || i == 1)) continue;
      column.push_back(j);
      target.push_back(value(1, index));
      input.push_back(masked && index % 3 == 0 ? 0 : target.back());
      ++csc_ptr[j + 1];
    }
    row_ptr.push_back(static_cast<uint32_t>(column.size()));
  }
  const auto fill = [](auto& buffer, const auto& from) {
    buffer.reserve(from.size() + 1);
    std::copy(from.begin(), from.end(), buffer.data());
  };
  fill(batch.row_ptr, row_ptr);
  fill(batch.column, column);
  fill(batch.target, target);
  if (masked) fill(batch.input, input);
  std::vector<uint32_t> touched_col, touched_ptr{0};
  for (uint32_t j = 0; j < columns; ++j) {
    csc_ptr[j + 1] += csc_ptr[j];
    if (csc_ptr[j + 1] == csc_ptr[j]) continue;
    touched_col.push_back(j);
    touched_ptr.push_back(csc_ptr[j + 1]);
  }
  batch.touched = static_cast<uint32_t>(touched_col.size());
  fill(batch.touched_col, touched_col);
  fill(batch.touched_ptr, touched_ptr);
  std::vector<uint32_t> csc_row(column.size());
  std::vector<float> csc_target(column.size()), csc_input(column.size());
  for (uint32_t i = 0; i < rows; ++i) {
    for (uint32_t e = row_ptr[i]; e < row_ptr[i + 1]; ++e) {
      const uint32_t at = csc_ptr[column[e]]++;
      csc_row[at] = i;
      csc_target[at] = target[e];
      csc_input[at] = input[e];
    }
  }
  fill(batch.csc_row, csc_row);
  fill(batch.csc_target, csc_target);
  if (masked) fill(batch.csc_input, csc_input);
  return batch;
}

inline ColumnWeights make_weights(uint32_t columns, uint32_t width, int moments) {
  ColumnWeights w;
  w.columns = columns;
  w.width = width;
  w.stride = (width + 15) / 16 * 16;
  w.value = AlignedBuffer<float>(columns * w.stride);
  if (moments >= 1) w.moment1 = AlignedBuffer<float>(columns * w.stride);
  if (moments >= 2) w.moment2 = AlignedBuffer<float>(columns * w.stride);
  for (size_t j = 0; j < columns; ++j) {
    for (size_t k = 0; k < width; ++k) {
      const size_t at = j * w.stride + k;
      w.value[at] = 0.3f * value(2, j * width + k);
      if (moments >= 1) w.moment1[at] = 0.01f * std::fabs(value(3, j * width + k));
      if (moments >= 2) w.moment2[at] = 0.02f * std::fabs(value(4, j * width + k));
    }
  }
  return w;
}

inline ColumnBias make_bias(uint32_t columns, int moments) {
  ColumnBias bias;
  bias.value = AlignedBuffer<float>(columns);
  if (moments >= 1) bias.moment1 = AlignedBuffer<float>(columns);
  if (moments >= 2) bias.moment2 = AlignedBuffer<float>(columns);
  for (size_t j = 0; j < columns; ++j) bias.value[j] = 0.5f * value(5, j);
  return bias;
}

inline std::vector<float> make_dense(size_t size, uint64_t stream) {
  std::vector<float> values(size);
  for (size_t i = 0; i < size; ++i) values[i] = value(stream, i);
  return values;
}

// The batch as a dense rows x columns matrix.
inline Matrix dense(const SparseBatch& batch, const float* values) {
  Matrix all(size_t{batch.rows} * batch.columns, 0.0);
  for (uint32_t i = 0; i < batch.rows; ++i) {
    for (uint32_t e = batch.row_ptr[i]; e < batch.row_ptr[i + 1]; ++e) {
      all[size_t{i} * batch.columns + batch.column[e]] = values[e];
    }
  }
  return all;
}

// W without its padding: columns x width.
inline Matrix plain(const ColumnWeights& w, const AlignedBuffer<float>& buffer) {
  Matrix all;
  for (size_t j = 0; j < w.columns && buffer.size() != 0; ++j) {
    all.insert(all.end(), buffer.data() + j * w.stride, buffer.data() + j * w.stride + w.width);
  }
  return all;
}
inline Matrix plain(const AlignedBuffer<float>& buffer) { return Matrix(buffer.data(), buffer.data() + buffer.size()); }

// C (m x n) = A B with A's element (i, p) at a[i * row + p * column] and B k x n.
inline Matrix product(size_t m, size_t n, size_t k, const Matrix& a, size_t row, size_t column, const Matrix& b) {
  Matrix c(m * n, 0.0);
  for (size_t i = 0; i < m; ++i) {
    for (size_t p = 0; p < k; ++p) {
      for (size_t j = 0; j < n; ++j) c[i * n + j] += a[i * row + p * column] * b[p * n + j];
    }
  }
  return c;
}

// The residual h W^T + b - Y, m x columns. bias may be empty.
inline Matrix residual(const SparseBatch& batch, const Matrix& h, size_t width, const Matrix& w, const Matrix& bias) {
  Matrix r = dense(batch, batch.target.data());
  const size_t columns = batch.columns;
  for (size_t i = 0; i < batch.rows; ++i) {
    for (size_t j = 0; j < columns; ++j) {
      double sum = bias.empty() ? 0 : bias[j];
      for (size_t k = 0; k < width; ++k) sum += h[i * width + k] * w[j * width + k];
      r[i * columns + j] = sum - r[i * columns + j];
    }
  }
  return r;
}

inline double sum_squares(const Matrix& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum;
}

// PyTorch's formulas once more, in double, on one parameter.
inline void update(const OptimizerStep& step, double gradient, double& w, double& s1, double& s2) {
  gradient *= step.gradient_scale;
  const bool decoupled = step.kind == OptimizerKind::kAdamW;
  if (decoupled) w -= double{step.learning_rate} * step.weight_decay * w;
  if (!decoupled) gradient += step.weight_decay * w;
  double direction = gradient;
  if (step.kind == OptimizerKind::kSgd && step.momentum != 0) {
    s1 = step.momentum * s1 + gradient;
    direction = step.nesterov ? gradient + step.momentum * s1 : s1;
  } else if (step.kind == OptimizerKind::kRmsprop) {
    s1 = step.beta2 * s1 + (1 - step.beta2) * gradient * gradient;
    direction = gradient / (std::sqrt(s1) + step.eps);
    if (step.momentum != 0) direction = s2 = step.momentum * s2 + direction;
  } else if (step.kind != OptimizerKind::kSgd) {
    s1 = step.beta1 * s1 + (1 - step.beta1) * gradient;
    s2 = step.beta2 * s2 + (1 - step.beta2) * gradient * gradient;
    direction = s1 / step.bias_correction1 / (std::sqrt(s2) / step.bias_correction2_sqrt + step.eps);
  }
  w -= step.learning_rate * direction;
}

// Every optimizer, with and without its options.
inline std::vector<OptimizerStep> optimizer_steps() {
  OptimizerStep sgd{.kind = OptimizerKind::kSgd, .learning_rate = 0.1f};
  OptimizerStep decayed = sgd, momentum = sgd, nesterov = sgd;
  decayed.weight_decay = 0.05f;
  momentum.momentum = nesterov.momentum = 0.9f;
  nesterov.nesterov = true;
  nesterov.weight_decay = 0.05f;
  OptimizerStep adam{.kind = OptimizerKind::kAdam, .learning_rate = 0.01f, .step = 3};
  adam.bias_correction1 = 1 - 0.9f * 0.9f * 0.9f;
  adam.bias_correction2_sqrt = std::sqrt(1 - 0.999f * 0.999f * 0.999f);
  OptimizerStep l2 = adam, adamw = adam, rmsprop = adam;
  l2.weight_decay = adamw.weight_decay = 0.05f;
  l2.gradient_scale = 0.25f;
  adamw.kind = OptimizerKind::kAdamW;
  rmsprop.kind = OptimizerKind::kRmsprop;
  OptimizerStep rms_momentum = rmsprop;
  rms_momentum.momentum = 0.8f;
  return {sgd, decayed, momentum, nesterov, adam, l2, adamw, rmsprop, rms_momentum};
}

// The largest difference relative to the largest expected value; NaN if any value is, and where nothing was compared.
template <class Actual>
double error(const Matrix& expected, const Actual& actual) {
  double worst = expected.empty() || actual.size() < expected.size() ? NAN : 0, scale = 1e-30;
  for (size_t i = 0; i < expected.size() && worst == worst; ++i) {
    const double difference = std::fabs(static_cast<double>(actual[i]) - expected[i]);
    if (!(difference <= worst)) worst = difference;
    scale = std::max(scale, std::fabs(expected[i]));
  }
  return worst / scale;
}

inline bool same_bits(const AlignedBuffer<float>& a, const AlignedBuffer<float>& b) {
  return a.size() == b.size() && (a.size() == 0 || std::memcmp(a.data(), b.data(), a.bytes()) == 0);
}
inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace nrw::oracle
