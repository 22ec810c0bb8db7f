// Rows that no gradient has moved yet: where the optimizer's moments of a row are 0 and there is no weight decay, a
// step with a gradient of zero changes no bit of the row or of its moments. So an update of all rows may skip
// them. In the first steps of a run on wide data these are most of the rows.
#pragma once

#include <algorithm>

#include "base/aligned_buffer.h"
#include "layers/column_weights.h"

namespace nrw {

class RowsAtRest {
 public:
  static bool possible(const OptimizerStep& s) noexcept {
    if (s.weight_decay != 0 || s.moments() == 0 || s.kind == OptimizerKind::kRule) return false;
    return s.kind == OptimizerKind::kSgd || s.eps > 0;  // 0 / (0 + eps) = 0
  }
  // Until this is called no row is passed over.
  void enable(uint32_t columns) {
    moved_ = AlignedBuffer<uint8_t>(columns);
    known_ = false;
  }
  bool enabled() const noexcept { return moved_.size() != 0; }
  // Someone else may have written moments: the next update of all rows looks at them again.
  void forget() noexcept { known_ = false; }

  // A row with a gradient. Like pass_over, from any thread, a column at a time.
  void move(size_t column) noexcept {
    if (enabled()) moved_[column] = 1;
  }
  // In an update of all rows, for a row without a gradient: whether it stays as it is.
  bool pass_over(size_t column, const ColumnWeights& w) noexcept {
    if (!enabled()) return false;
    if (!known_) moved_[column] = !zero(w.moment1, column, w) || !zero(w.moment2, column, w);
    return moved_[column] == 0;
  }
  // That update is done.
  void end_update_of_all() noexcept { known_ = true; }

 private:
  static bool zero(const AlignedBuffer<float>& moment, size_t column, const ColumnWeights& w) noexcept {
    if (moment.size() == 0) return true;
    const float* const row = moment.data() + column * w.stride;
    return std::all_of(row, row + w.width, [](float x) { return x == 0; });
  }

  AlignedBuffer<uint8_t> moved_;
  bool known_ = false;
};

}  // namespace nrw
