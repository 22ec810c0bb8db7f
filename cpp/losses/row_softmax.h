// The softmax over all columns of a row, where no row of outputs is ever there as a whole: columns come in groups, of
// which several are walked through at once. The first walk gives the logarithm of the row's sum of exponentials, the
// second one what the gradient of a softmax needs besides: with d_k the derivative of the loss to log p_k, that to
// output k is d_k - p_k sum_j d_j.
#pragma once

#include "base/aligned_buffer.h"
#include "kernels/elementary.h"
#include "losses/loss.h"

namespace nrw {

class RowSoftmax {
 public:
  explicit RowSoftmax(const ElementaryKernels& elementary) : elementary_(elementary) {}

  // A walk in `groups`. Sums of a group are added in the order of its columns, then the groups in theirs.
  void begin(size_t rows, size_t groups);
  // The first walk: outputs of the first head of one column.
  void add_outputs(size_t group, const LossColumn& column) noexcept;
  void end_outputs() noexcept;
  // The second walk: d (rows) of one column.
  void add_slopes(size_t group, const float* d) noexcept;
  // size (rows): what p is multiplied by for the mean.
  void end_slopes(const float* size) noexcept;

  // rows: log sum exp of the outputs, and sum_j d_j / size (0 where the size is).
  const float* log_sum() const noexcept { return log_sum_.data(); }
  const float* pull() const noexcept { return pull_.data(); }

 private:
  const ElementaryKernels& elementary_;
  size_t rows_ = 0, groups_ = 0;
  AlignedBuffer<float> highest_;  // groups x rows: of the outputs so far
  AlignedBuffer<double> sum_;     // groups x rows: of exp(output - highest), or of d
  AlignedBuffer<float> log_sum_, pull_;
};

}  // namespace nrw
