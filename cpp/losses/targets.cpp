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
  for (size_t t = 0; t < batch.stored_columns(); ++t) {
    const auto [column, count, values, rows] = batch.stored(t);
    if (!any_outside(count, values, lowest, highest)) continue;
    for (size_t k = 0; k < count; ++k) {
      if (values[k] >= lowest && values[k] <= highest) continue;
      const size_t row = rows == nullptr ? k : rows[k];
      throw Error(NRW_INVALID_ARGUMENT,
                  format("loss.kind: %s needs targets %s; column %u of row %llu is %g; %s", loss, wanted, column,
                         static_cast<unsigned long long>(batch.row_id.size() > row ? batch.row_id[row] : row),
                         static_cast<double>(values[k]), advice));
    }
  }
}

}  // namespace nrw
