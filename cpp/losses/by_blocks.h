// A column of a separable loss, made of terms of one row each: some rows at a time, so that outputs, values and
// derivatives are in the first-level cache, and each loop is one that compilers turn into vector code. Of sparse
// targets a block is made as if all were 0 and then put right at the entries: what is expensive is for entries only.
#pragma once

#include <algorithm>
#include <cstring>

#include "losses/loss.h"

namespace nrw {

// Terms of n rows: read o, write the others.
struct LossBlock {
  static constexpr size_t kRows = 128, kHeads = kMostHeads;

  size_t n = 0;
  float o[kHeads][kRows];  // outputs, the bias added
  float target[kRows];     // given to the terms of entries only
  float scale[kRows];      // of the rows; only where the loss has scales
  float pull[kRows];       // of the rows; only where RowTerms has it
  float d[kHeads][kRows];  // derivatives of value to o
  float value[kRows];
  float square[kRows];  // of the reconstruction's error
  float extra[kRows];   // derivatives to the loss's own parameter, where it has one
};

// What the terms of a row share besides its scale, a value a row; NULL where there is none. The pull times `share` is
// subtracted from the first head's derivatives, whatever the column weighs.
struct RowTerms {
  const float* shift = nullptr;  // subtracted from the first head's outputs
  const float* pull = nullptr;
  const float* share = nullptr;  // of the block that the terms were last made of
};

struct BlockSums {
  LossSums sums;
  double extra = 0;
};

// In eight lanes, which are added in order.
inline double lane_sum(size_t n, const float* values) noexcept {
  double lanes[8] = {};
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (size_t k = 0; k < 8; ++k) lanes[k] += static_cast<double>(values[i + k]);
  }
  for (size_t k = 0; i < n; ++i, ++k) lanes[k] += static_cast<double>(values[i]);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

// zeros(block): the terms for targets of 0. entries(block): for those in block.target. row_scale: rows values, or NULL.
// with_extra: whether the terms write `extra`.
template <class Zeros, class Entries>
BlockSums by_blocks(const LossColumn& c, size_t heads, const float* row_scale, bool with_extra, double* head_gradients,
                    Zeros&& zeros, Entries&& entries, const RowTerms& shared = {}) noexcept {
  LossBlock all, some;
  BlockSums result;
  double gradients[LossBlock::kHeads] = {};
  const float factor = static_cast<float>(c.factor), weight = static_cast<float>(c.weight);
  // What comes after the terms of a block.
  const auto finish = [&](LossBlock& b) {
    for (size_t head = 0; weight != 1 && head < heads; ++head) {
      for (size_t i = 0; i < b.n; ++i) b.d[head][i] *= weight;
    }
    for (size_t i = 0; weight != 1 && with_extra && i < b.n; ++i) b.extra[i] *= weight;
    for (size_t i = 0; shared.pull != nullptr && i < b.n; ++i) b.d[0][i] -= shared.share[i] * b.pull[i];
  };
  for (size_t first = 0, at = 0; first < c.rows; first += LossBlock::kRows) {
    all.n = std::min(LossBlock::kRows, c.rows - first);
    for (size_t head = 0; head < heads; ++head) {
      const float* const o = c.o + head * c.head_stride + first;
      const float bias = c.bias == nullptr ? 0 : c.bias[head];
      for (size_t i = 0; i < all.n; ++i) all.o[head][i] = o[i] + bias;
    }
    if (shared.shift != nullptr) {
      for (size_t i = 0; i < all.n; ++i) all.o[0][i] -= shared.shift[first + i];
    }
    if (row_scale != nullptr) std::memcpy(all.scale, row_scale + first, all.n * sizeof(float));
    if (shared.pull != nullptr) std::memcpy(all.pull, shared.pull + first, all.n * sizeof(float));
    if (c.dense != nullptr) {
      std::memcpy(all.target, c.dense + first, all.n * sizeof(float));
      entries(all);
      finish(all);
    } else {
      zeros(all);
      finish(all);
      const size_t begin = at;
      some.n = 0;
      for (; at < c.entries && c.entry_row[at] < first + all.n; ++at, ++some.n) {
        const size_t i = c.entry_row[at] - first;
        for (size_t head = 0; head < heads; ++head) some.o[head][some.n] = all.o[head][i];
        some.target[some.n] = c.entry[at];
        if (row_scale != nullptr) some.scale[some.n] = all.scale[i];
        if (shared.pull != nullptr) some.pull[some.n] = all.pull[i];
      }
      if (some.n != 0) {
        entries(some);
        finish(some);
      }
      for (size_t k = 0; k < some.n; ++k) {
        const size_t i = c.entry_row[begin + k] - first;
        for (size_t head = 0; head < heads; ++head) all.d[head][i] = some.d[head][k];
        all.value[i] = some.value[k];
        all.square[i] = some.square[k];
        if (with_extra) all.extra[i] = some.extra[k];
      }
    }
    const double value = lane_sum(all.n, all.value);
    result.sums.unweighted += value;
    if (c.row_weight == nullptr) {
      result.sums.value += c.weight * value;
    } else {
      const float* const w = c.row_weight + first;
      for (size_t i = 0; i < all.n; ++i) all.value[i] *= w[i];
      for (size_t i = 0; with_extra && i < all.n; ++i) all.extra[i] *= w[i];
      for (size_t head = 0; head < heads; ++head) {
        for (size_t i = 0; i < all.n; ++i) all.d[head][i] *= w[i];
      }
      result.sums.value += c.weight * lane_sum(all.n, all.value);
    }
    result.sums.squared_error += lane_sum(all.n, all.square);
    if (with_extra) result.extra += lane_sum(all.n, all.extra);
    for (size_t head = 0; head < heads; ++head) {
      float* const d = c.o + head * c.head_stride + first;
      for (size_t i = 0; i < all.n; ++i) d[i] = all.d[head][i] * factor;
      gradients[head] += lane_sum(all.n, d);
    }
  }
  result.sums.gradient = gradients[0];
  if (head_gradients != nullptr) std::copy_n(gradients, heads, head_gradients);
  return result;
}

}  // namespace nrw
