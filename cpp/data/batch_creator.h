// Makes batches in the background. Worker threads take batch numbers in order and make each batch in its slot of a
// ring, and the consumer takes the batches in order. So the batches do not depend on the number of workers, and at most
// `preload` of them are ready or being made ahead of the consumer.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/status.h"
#include "data/batch_queue.h"
#include "data/cut.h"
#include "data/dense_cut.h"
#include "data/row_window.h"

namespace nrw {

struct BatchOptions {
  uint32_t batch_size = 1;
  bool shuffle = false;    // the rows' order is a function of (cut.seed, cut.epoch, stream)
  bool drop_last = false;  // leaves out the last batch if it has fewer rows
  uint32_t stream = 0;
  uint32_t first_batch = 0;  // batches skipped at the start
  uint32_t preload = 1;      // the largest number of batches held ready
  uint32_t workers = 1;
  std::vector<float> row_weights;        // empty, or one for each row of the chunks: what it counts for in the loss
  std::vector<uint32_t> row_categories;  // empty, or one for each row of the chunks
  CutOptions cut;
};

class BatchCreator final : public BatchQueue {
 public:
  // Checks the options and starts to preload. rows: indices into the rows of all chunks, one chunk after another.
  // Throws NRW_INVALID_ARGUMENT, NRW_OUT_OF_MEMORY.
  BatchCreator(std::vector<std::shared_ptr<const Chunk>> chunks, std::span<const uint64_t> first_rows,
               std::span<const uint32_t> rows, const BatchOptions& options);
  // Stops and joins the workers.
  ~BatchCreator() override;

  using BatchQueue::next;
  nrw_status next(double timeout_ms, const Batch*& batch) override;

  // The workers end after the batches that they are making.
  void stop() noexcept override;
  BatchInfo info() const noexcept override;
  uint64_t total() const noexcept override { return total_; }
  uint32_t columns() const noexcept override { return window_.columns(); }

 private:
  struct Slot {
    Batch* batch = nullptr;  // one of batches_, while it is taken
    std::optional<Error> error;
    bool ready = false;
  };
  struct Cutters {  // of one worker: the one that the data need
    std::optional<Cutter> sparse;
    std::optional<DenseCutter> dense;
  };
  void start(uint32_t workers);
  void work() noexcept;
  void cut(Cutters& cutters, uint64_t number, Slot& slot) const noexcept;
  void add_row_values(std::span<const uint32_t> rows, Batch& batch) const;
  std::span<const uint32_t> rows_of(uint64_t number) const noexcept;
  Slot& slot_of(uint64_t number) noexcept { return slots_[number % slots_.size()]; }
  const Slot& slot_of(uint64_t number) const noexcept { return slots_[number % slots_.size()]; }

  const RowWindow window_;
  const CutOptions cut_options_;
  const uint32_t batch_size_;
  const std::vector<float> row_weights_;
  const std::vector<uint32_t> row_categories_;
  std::vector<uint32_t> rows_;
  uint64_t total_ = 0;
  uint64_t preload_ = 1;

  // Workers fill the slots [next_, next_ + preload_), and the consumer holds the batch that was handed out last, so
  // there are preload_ + 1 batches. The batch that came back last is filled first, since it may still be in a cache. So
  // a consumer with a short queue reuses only a few batches.
  std::vector<Slot> slots_;
  std::vector<std::unique_ptr<Batch>> batches_;
  std::vector<Batch*> free_;
  Batch* held_ = nullptr;  // by the consumer
  mutable std::mutex mutex_;
  std::condition_variable room_;   // for workers: next_ has changed, or stopped
  std::condition_variable ready_;  // for the consumer: a slot became ready, or stopped
  uint64_t next_ = 0;              // to hand out
  uint64_t taken_ = 0;             // the number that the next free worker takes
  uint64_t cut_ = 0;
  double waited_ms_ = 0;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace nrw
