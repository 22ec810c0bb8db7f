// What a loss asks of the targets.
#pragma once

#include "base/batch.h"

namespace nrw {

// Throws NRW_INVALID_ARGUMENT where a target is below `lowest`, above `highest` or NaN: "loss.kind: LOSS needs targets
// WANTED; column 3 of row 17 is -2; ADVICE". Rows are counted over all data.
void require_targets(const Batch& batch, float lowest, float highest, const char* loss, const char* wanted,
                     const char* advice);

}  // namespace nrw
