// Batches whose buffers are not in use, kept for the next batch creator: there is one a chunk, and fresh pages would
// cost more than cutting does.
#pragma once

#include "base/batch.h"

namespace nrw {

// A kept batch, its content without meaning, or an empty one. Any thread.
Batch take_batch();
// Keeps up to 64 batches and 256 MB of them in the process; frees what is beyond that. Any thread.
void give_batch(Batch&& batch) noexcept;

}  // namespace nrw
