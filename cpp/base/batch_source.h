// Where the network gets its batches from, whoever makes them: the model room knows this and nothing of the data room.
#pragma once

#include "base/batch.h"

namespace nrw {

class BatchSource {
 public:
  virtual ~BatchSource() = default;

  // The next batch, valid until the next call; nullptr after the last. Waits. Throws Error: NRW_STOPPED, or what a
  // worker met while it cut that batch. One caller at a time.
  virtual const Batch* next() = 0;

  // Any thread.
  virtual double waited_ms() const noexcept = 0;   // time that next() has waited so far
  virtual uint64_t total() const noexcept = 0;     // batches in all, from batch 0
  virtual uint64_t position() const noexcept = 0;  // batches handed out so far, those skipped at the start included
  virtual uint32_t columns() const noexcept = 0;
};

}  // namespace nrw
