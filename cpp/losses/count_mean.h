// The mean of counts: a function of the outputs (the link), times what the row's size makes of it.
#pragma once

#include "base/aligned_buffer.h"
#include "base/batch.h"
#include "kernels/elementary.h"
#include "losses/by_blocks.h"
#include "losses/loss_type.h"

namespace nrw {

// The fields of a loss of counts. With size: library a row's means are multiplied by the sum of its targets divided by
// size_scale, so that the outputs are about a row of size_scale counts. A batch does not know the mean or the median
// of all rows' sums, and a constant keeps the meaning of a trained network apart from its data.
constexpr Field kSizeField = {
    .name = "size",
    .type = Field::Type::kWord,
    .about =
        "what the means of a row are multiplied by; none: nothing; library: the sum of the row's targets divided by "
        "size_scale, so that the outputs do not depend on how many counts a row has. A latent vector without a row "
        "is decoded to the means of a row of size_scale counts",
    .fallback = "\"none\"",
    .words = "none library"};
constexpr Field kSizeScaleField = {.name = "size_scale",
                                   .type = Field::Type::kNumber,
                                   .about = "number of counts of a row whose means are multiplied by 1",
                                   .fallback = "10000",
                                   .minimum = 0,
                                   .above = true,
                                   .only = "library"};

class CountMean {
 public:
  // kSoftmax: e^output of outputs from which the logarithm of their row's sum of exponentials has been subtracted.
  // These are shares of the row's counts: with sizes they are multiplied by their number, whatever size_scale.
  enum class Link { kExp, kSoftplus, kSoftmax };

  // lowest, highest: the range of the link's value, above 0. Outputs beyond are taken as if they were at its ends;
  // their derivative is the one there, so that they can come back.
  CountMean(const Kernels& kernels, const Settings& settings, Link link, double lowest, double highest);

  // Throws NRW_INVALID_ARGUMENT where a target is below 0 or not finite.
  void begin(const Batch& batch, const char* loss);
  void begin_decoding(uint32_t rows);
  // A factor for each row, or NULL.
  const float* scale() const noexcept { return by_size_ ? scale_.data() : nullptr; }

  // mean and slope = d mean / d output of n <= LossBlock::kRows outputs; scale (n, or NULL).
  void make(size_t n, const float* o, const float* scale, float* mean, float* slope) const noexcept;
  // n outputs of one row, less `shift`, become means.
  void reconstruct(size_t row, size_t n, float* o, float shift = 0) const noexcept;

  const ElementaryKernels& elementary() const noexcept { return elementary_; }

 private:
  const ElementaryKernels& elementary_;
  const Link link_;
  const float lowest_, highest_;  // outputs
  const bool by_size_;
  const double size_scale_, unit_;  // unit_: the scale of a row of size_scale_ counts
  AlignedBuffer<float> scale_;
  AlignedBuffer<double> sums_;
};

}  // namespace nrw
