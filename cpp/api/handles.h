// The types of the opaque data handles of narrows.h, for the files of api/ that take them.
#pragma once

#include <atomic>
#include <memory>

#include "base/batch_source.h"

namespace nrw {
class BatchQueue;
class Chunk;
}  // namespace nrw

// It is read-only once it is open, so any number of calls may read it without a lock.
struct nrw_chunk {
  std::shared_ptr<const nrw::Chunk> chunk;
};

struct nrw_batches {
  explicit nrw_batches(std::unique_ptr<nrw::BatchQueue> made) noexcept;
  ~nrw_batches();

  // The batches, for nrw_train and similar functions, which hold a nrw::api::Busy on `busy` meanwhile.
  nrw::BatchSource& source() noexcept;

  std::atomic<bool> busy{false};
  std::unique_ptr<nrw::BatchQueue> queue;
};
