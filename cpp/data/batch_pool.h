// Batches whose buffers are not in use, kept for the next batch creator. There is one creator for each window of
// chunks, and new pages of memory would take longer than making a batch.
#pragma once

#include <memory>

#include "base/batch.h"

namespace nrw {

// A kept batch of that kind with undefined content, or an empty one. Any thread.
std::unique_ptr<Batch> take_batch(Batch::Kind kind);
// Keeps up to 64 batches with together at most 256 MB in the process, and frees the others. Any thread.
void give_batch(std::unique_ptr<Batch> batch) noexcept;

}  // namespace nrw
