#include "data/batch_pool.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace nrw {

namespace {

constexpr size_t kMostBatches = 64, kMostBytes = size_t{256} << 20;

struct Pool {
  Pool() { batches.reserve(kMostBatches); }
  std::mutex mutex;
  std::vector<std::unique_ptr<Batch>> batches;
  size_t bytes = 0;
};

// Never destroyed, since a creator may end while the process ends.
Pool& pool() {
  static Pool* const only = new Pool;
  return *only;
}

}  // namespace

std::unique_ptr<Batch> take_batch(Batch::Kind kind) {
  Pool& kept = pool();
  {
    const std::lock_guard lock(kept.mutex);
    const auto found = std::find_if(kept.batches.rbegin(), kept.batches.rend(),
                                    [&](const std::unique_ptr<Batch>& batch) { return batch->kind == kind; });
    if (found != kept.batches.rend()) {
      std::unique_ptr<Batch> batch = std::move(*found);
      kept.batches.erase(std::next(found).base());
      kept.bytes -= batch->bytes();
      return batch;
    }
  }
  if (kind == Batch::Kind::kDense) return std::make_unique<DenseBatch>();
  return std::make_unique<SparseBatch>();
}

void give_batch(std::unique_ptr<Batch> batch) noexcept {
  const size_t bytes = batch->bytes();
  Pool& kept = pool();
  const std::lock_guard lock(kept.mutex);
  if (bytes == 0 || kept.batches.size() == kMostBatches || bytes > kMostBytes - kept.bytes) return;
  kept.bytes += bytes;
  kept.batches.push_back(std::move(batch));
}

}  // namespace nrw
