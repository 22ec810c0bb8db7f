#include "losses/targets.h"

#include "base/status.h"

namespace nrw {

namespace {

// Whether one of n values is outside, without a branch for each.
bool any_outside(size_t n, const float* values, float lowest, float highest) noexcept {
  unsigned outside = 0;
  for (size_t i = 0; i < n; ++i) {
    outside |= static_cast<unsigned>(!(values[i] >= lowest)) | static_cast<unsigned>(!(values[i] <= highest));
  }
  return outside != 0;
}

}  // namespace

void require_targets(const Batch& batch, float lowest, float highest, const char* loss, const char* wanted,
                     const char* advice) {
  const size_t columns = batch.dense ? batch.columns : batch.touched;
  for (size_t t = 0; t < columns; ++t) {
    const size_t begin = batch.dense ? t * batch.dense_stride() : batch.touched_ptr[t];
    const size_t count = batch.dense ? batch.rows : batch.touched_ptr[t + 1] - begin;
    const float* const values = batch.csc_target.data() + begin;
    if (!any_outside(count, values, lowest, highest)) continue;
    for (size_t k = 0; k < count; ++k) {
      if (values[k] >= lowest && values[k] <= highest) continue;
      const size_t row = batch.dense ? k : batch.csc_row[begin + k], column = batch.dense ? t : batch.touched_col[t];
      throw Error(NRW_INVALID_ARGUMENT,
                  format("loss.kind: %s needs targets %s; column %zu of row %llu is %g; %s", loss, wanted, column,
                         static_cast<unsigned long long>(batch.row_id.size() > row ? batch.row_id[row] : row),
                         static_cast<double>(values[k]), advice));
    }
  }
}

}  // namespace nrw
