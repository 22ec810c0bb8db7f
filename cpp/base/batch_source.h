// Where the network gets its batches from. cpp/model uses this interface, so it need not know anything of cpp/data.
#pragma once

#include "base/batch.h"

namespace nrw {

class BatchSource {
 public:
  virtual ~BatchSource() = default;

  // Waits for the next batch, which is valid until the next call; nullptr after the last one. Throws NRW_STOPPED, or
  // the error that a worker had while it made that batch. One caller at a time.
  virtual const Batch* next() = 0;
  // The batch that next() gave is not used any more. The next call of next() says the same; said earlier, others that
  // wait for it can go on.
  virtual void done() noexcept {}

  // Any thread.
  virtual double waited_ms() const noexcept = 0;   // time that next() has waited so far
  virtual uint64_t total() const noexcept = 0;     // the number of batches, counted from batch 0
  virtual uint64_t position() const noexcept = 0;  // batches handed out so far, including those skipped at the start
  virtual uint32_t columns() const noexcept = 0;
};

}  // namespace nrw
