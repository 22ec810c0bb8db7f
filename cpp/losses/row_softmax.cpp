#include "losses/row_softmax.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "losses/by_blocks.h"

namespace nrw {

void RowSoftmax::begin(size_t rows, size_t groups) {
  rows_ = rows;
  groups_ = groups;
  highest_.reserve(rows * groups + 1);
  sum_.reserve(rows * groups + 1);
  log_sum_.reserve(rows + 1);
  pull_.reserve(rows + 1);
  std::fill_n(highest_.data(), rows * groups, -FLT_MAX);
  std::fill_n(sum_.data(), rows * groups, 0.0);
}

void RowSoftmax::add_outputs(size_t group, const LossColumn& c) noexcept {
  constexpr size_t kRows = LossBlock::kRows;
  float fall[kRows], rise[kRows], kept[kRows], added[kRows];
  const float bias = c.bias == nullptr ? 0 : c.bias[0];
  for (size_t first = 0; first < rows_; first += kRows) {
    const size_t n = std::min(kRows, rows_ - first);
    const float* const o = c.o + first;
    float* const highest = highest_.data() + group * rows_ + first;
    double* const sum = sum_.data() + group * rows_ + first;
    for (size_t i = 0; i < n; ++i) {
      const float x = o[i] + bias, top = x > highest[i] ? x : highest[i];
      fall[i] = highest[i] - top;
      rise[i] = x - top;
      highest[i] = top;
    }
    elementary_.exp(n, fall, kept);
    elementary_.exp(n, rise, added);
    for (size_t i = 0; i < n; ++i) sum[i] = sum[i] * static_cast<double>(kept[i]) + static_cast<double>(added[i]);
  }
}

void RowSoftmax::end_outputs() noexcept {
  for (size_t i = 0; i < rows_; ++i) {
    float highest = -FLT_MAX;
    for (size_t group = 0; group < groups_; ++group) highest = std::max(highest, highest_[group * rows_ + i]);
    double sum = 0;
    for (size_t group = 0; group < groups_; ++group) {
      const size_t at = group * rows_ + i;
      sum += sum_[at] * std::exp(static_cast<double>(highest_[at]) - static_cast<double>(highest));
    }
    log_sum_[i] = static_cast<float>(static_cast<double>(highest) + std::log(sum));
  }
}

void RowSoftmax::add_slopes(size_t group, const float* d) noexcept {
  double* const sum = sum_.data() + group * rows_;
  for (size_t i = 0; i < rows_; ++i) sum[i] += static_cast<double>(d[i]);
}

void RowSoftmax::end_slopes(const float* size) noexcept {
  for (size_t i = 0; i < rows_; ++i) {
    double sum = 0;
    for (size_t group = 0; group < groups_; ++group) sum += sum_[group * rows_ + i];
    pull_[i] = size[i] == 0 ? 0 : static_cast<float>(sum / static_cast<double>(size[i]));
  }
}

}  // namespace nrw
