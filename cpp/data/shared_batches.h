// Several networks train on the same batches, which are made once. Each has a reader of its own. A batch is handed to
// every reader, and the next one is taken when all readers are done with it, so that all of them use one batch at a
// time and it is still in a cache for the second one. Of the readers that have the batch, only some use it at the same
// time: the networks may each have as many threads as the machine has cores.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "data/batch_queue.h"

namespace nrw {

class SharedBatches : public std::enable_shared_from_this<SharedBatches> {
 public:
  // One reader for each element of first_batches, the number of the first batch that it takes.
  // turns: as many readers use a batch at the same time, at least 1.
  // Takes the source over, unless it throws: NRW_INVALID_ARGUMENT if a first batch is before the source's next one or
  // beyond its last one, NRW_OUT_OF_MEMORY.
  static std::vector<std::unique_ptr<BatchQueue>> readers(std::unique_ptr<BatchQueue>& source,
                                                          std::span<const uint32_t> first_batches, uint32_t turns);

 private:
  class Reader;
  struct Place {
    uint64_t next = 0;     // the batch that it takes next
    bool holds = false;    // it uses the batch before that one
    bool open = true;      // others wait for it
    bool stopped = false;  // its next() throws
    double waited_ms = 0;
  };

  SharedBatches(uint64_t handed, std::span<const uint32_t> first_batches, uint32_t turns);
  nrw_status next(Place& place, double timeout_ms, const Batch*& batch);
  void done(Place& place) noexcept;
  void leave(Place& place) noexcept;
  void stop(Place& place) noexcept;
  BatchInfo info(const Place& place) const noexcept;
  void release(Place& place) noexcept;           // with the lock held
  bool is_past(uint64_t number) const noexcept;  // whether no reader needs that batch; with the lock held

  std::unique_ptr<BatchQueue> source_;
  std::vector<Place> places_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  const Batch* batch_ = nullptr;  // the one that is handed out, once there is one
  uint64_t handed_ = 0;           // 1 + its number, or the number of batches that the source skipped
  uint32_t turns_ = 1;            // that are free
  bool fetching_ = false;         // a reader waits for the source, without the lock
  std::optional<Error> error_;    // of the source; all readers have it
};

}  // namespace nrw
