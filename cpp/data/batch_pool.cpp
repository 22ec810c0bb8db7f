#include "data/batch_pool.h"

#include <mutex>
#include <utility>
#include <vector>

namespace nrw {

namespace {

constexpr size_t kMostBatches = 64, kMostBytes = size_t{256} << 20;

struct Pool {
  Pool() { batches.reserve(kMostBatches); }
  std::mutex mutex;
  std::vector<Batch> batches;
  size_t bytes = 0;
};

// Never destroyed, since a creator may end while the process ends.
Pool& pool() {
  static Pool* const only = new Pool;
  return *only;
}

size_t bytes_of(const Batch& batch) noexcept {
  return batch.row_ptr.bytes() + batch.column.bytes() + batch.target.bytes() + batch.input.bytes() +
         batch.row_id.bytes() + batch.row_weight.bytes() + batch.row_category.bytes() + batch.touched_col.bytes() +
         batch.touched_ptr.bytes() + batch.csc_row.bytes() + batch.csc_target.bytes() + batch.csc_input.bytes();
}

}  // namespace

Batch take_batch() {
  Pool& kept = pool();
  const std::lock_guard lock(kept.mutex);
  if (kept.batches.empty()) return {};
  Batch batch = std::move(kept.batches.back());
  kept.batches.pop_back();
  kept.bytes -= bytes_of(batch);
  return batch;
}

void give_batch(Batch&& batch) noexcept {
  Batch given = std::move(batch);  // freed after the lock if it is not kept
  const size_t bytes = bytes_of(given);
  Pool& kept = pool();
  const std::lock_guard lock(kept.mutex);
  if (bytes == 0 || kept.batches.size() == kMostBatches || bytes > kMostBytes - kept.bytes) return;
  kept.bytes += bytes;
  kept.batches.push_back(std::move(given));
}

}  // namespace nrw
