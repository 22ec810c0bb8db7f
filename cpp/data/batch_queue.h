// Batches in a bounded queue, for the handle nrw_batches: of a batch creator, or of one of several readers that share
// one.
#pragma once

#include <cstdint>

#include "base/batch_source.h"
#include "base/status.h"

namespace nrw {

struct BatchInfo {
  uint64_t total = 0, next = 0;  // the number of batches, and the number of the next one
  uint64_t rows = 0;
  uint32_t columns = 0;
  uint64_t ready = 0, ready_bytes = 0;  // batches that are made and not yet handed out
  uint64_t cut = 0;                     // batches made so far
  double waited_ms = 0;
};

class BatchQueue : public BatchSource {
 public:
  const Batch* next() override {
    const Batch* batch = nullptr;
    next(-1, batch);
    return batch;
  }
  // The same with a time limit (below 0: none). Returns NRW_OK with a batch, NRW_END or NRW_TIMEOUT.
  virtual nrw_status next(double timeout_ms, const Batch*& batch) = 0;

  // Any thread. next() throws NRW_STOPPED from then on.
  virtual void stop() noexcept = 0;
  virtual BatchInfo info() const noexcept = 0;

  double waited_ms() const noexcept override { return info().waited_ms; }
  uint64_t position() const noexcept override { return info().next; }
};

}  // namespace nrw
