#include "losses/count_mean.h"

#include <cfloat>
#include <cmath>

#include "losses/links.h"
#include "losses/targets.h"

namespace nrw {

CountMean::CountMean(const Kernels& kernels, const Settings& settings, Link link, double lowest, double highest)
    : elementary_(elementary_kernels(kernels)),
      link_(link),
      lowest_(static_cast<float>(link != Link::kSoftplus ? std::log(lowest) : std::log(std::expm1(lowest)))),
      highest_(static_cast<float>(link != Link::kSoftplus ? std::log(highest) : highest)),
      by_size_(settings.word("size") == "library"),
      size_scale_(settings.number("size_scale")),
      unit_(link == Link::kSoftmax ? size_scale_ : 1) {}

void CountMean::begin(const Batch& batch, const char* loss) {
  require_targets(batch, 0, FLT_MAX, loss, "of 0 or more", "counts must not be scaled below 0 or centred");
  if (!by_size_) return;
  const size_t m = batch.rows;
  sums_.reserve(m + 1);
  scale_.reserve(m + 1);
  std::fill_n(sums_.data(), m, 0.0);
  for (size_t t = 0; t < batch.stored_columns(); ++t) {
    const auto [column, count, y, rows] = batch.stored(t);
    for (size_t k = 0; k < count; ++k) sums_[rows == nullptr ? k : rows[k]] += static_cast<double>(y[k]);
  }
  // A row of zeros has means of 0, which is what it is.
  for (size_t i = 0; i < m; ++i) {
    scale_[i] = sums_[i] == 0 ? 0 : static_cast<float>(unit_ * std::min(1e10, std::max(1e-20, sums_[i] / size_scale_)));
  }
}

void CountMean::begin_decoding(uint32_t rows) {
  if (!by_size_) return;
  scale_.reserve(rows);
  std::fill_n(scale_.data(), rows, static_cast<float>(unit_));
}

void CountMean::make(size_t n, const float* o, const float* scale, float* mean, float* slope) const noexcept {
  float x[LossBlock::kRows] = {};
  for (size_t i = 0; i < n; ++i) {
    const float above = o[i] < lowest_ ? lowest_ : o[i];
    x[i] = above > highest_ ? highest_ : above;
  }
  if (link_ != Link::kSoftplus) {
    elementary_.exp(n, x, mean);
  } else {
    sigmoid_softplus(elementary_, n, x, slope, mean);
  }
  if (scale != nullptr) {
    for (size_t i = 0; i < n; ++i) mean[i] *= scale[i];
  }
  if (link_ != Link::kSoftplus) {
    std::copy_n(mean, n, slope);
  } else if (scale != nullptr) {
    for (size_t i = 0; i < n; ++i) slope[i] *= scale[i];
  }
}

void CountMean::reconstruct(size_t row, size_t n, float* o, float shift) const noexcept {
  float mean[LossBlock::kRows], slope[LossBlock::kRows], scale[LossBlock::kRows];
  if (by_size_) std::fill_n(scale, LossBlock::kRows, scale_[row]);
  for (size_t first = 0; first < n; first += LossBlock::kRows) {
    const size_t count = std::min(LossBlock::kRows, n - first);
    for (size_t i = first; shift != 0 && i < first + count; ++i) o[i] -= shift;
    make(count, o + first, by_size_ ? scale : nullptr, mean, slope);
    std::copy_n(mean, count, o + first);
  }
}

}  // namespace nrw
