// The training loop: one call trains one chunk, or some steps of it.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/float_mode.h"
#include "base/status.h"
#include "model/model.h"

namespace nrw {

namespace {
using Clock = std::chrono::steady_clock;
double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// The use of a batch, up to its end, however it ends.
class Use {
 public:
  explicit Use(BatchSource& source) : source_(source) {}
  ~Use() { source_.done(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  BatchSource& source_;
};
}  // namespace

void Model::train(BatchSource& source, std::span<const double> learning_rates, double epoch, double chunk,
                  TrainResult& result) {
  const FlushToZero mode;
  Network& net = network();
  for (const double rate : learning_rates) {
    if (!(std::isfinite(rate) && rate >= 0)) {
      throw Error(NRW_INVALID_ARGUMENT, format("learning_rates: must be at least 0, got %g", rate));
    }
  }
  net.drop_gradients();
  const Clock::time_point start = Clock::now();
  const uint64_t batches = std::min<uint64_t>(learning_rates.size(), source.total() - source.position());
  progress.step = static_cast<double>(step);
  progress.done = 0;
  progress.batches = static_cast<double>(batches);
  progress.rows_per_second = progress.wait_share = 0;

  const auto one_step = [&](double learning_rate) {
    const double waited = source.waited_ms();
    const Batch* const batch = source.next();
    if (batch == nullptr) return false;
    const Use use(source);
    const Clock::time_point begun = Clock::now();
    const Network::Step done = net.train(*batch, learning_rate, step + 1);
    ++step;
    StepRow row{.step = step, .epoch = epoch, .chunk = chunk, .batch = batch->number, .rows = batch->rows};
    row.loss = done.loss;
    row.learning_rate = learning_rate;
    row.gradient_norm = done.gradient_norm;
    row.wait_ms = source.waited_ms() - waited;
    row.step_ms = ms_since(begun);

    if (result.losses != nullptr) result.losses[result.steps] = row.loss;
    result.steps += 1;
    result.rows += row.rows;
    result.nnz += batch->nnz();
    result.loss_sum += row.loss * row.rows;
    result.last_loss = row.loss;
    result.largest_loss = result.steps == 1 ? row.loss : std::max(result.largest_loss, row.loss);
    result.last_gradient_norm = row.gradient_norm;
    result.largest_gradient_norm = std::max(result.largest_gradient_norm, row.gradient_norm);
    result.wait_ms += row.wait_ms;
    result.compute_ms += row.step_ms;
    result.forward_ms += done.forward_ms;

    const double ms = ms_since(start);
    progress.step = static_cast<double>(step);
    progress.done = static_cast<double>(result.steps);
    progress.loss = row.loss;
    progress.rows_per_second = ms > 0 ? static_cast<double>(result.rows) / ms * 1e3 : 0;
    progress.wait_share = ms > 0 ? result.wait_ms / ms : 0;
    log.append(row);
    return true;
  };

  const auto left = [&] { result.batches_left = source.total() - source.position(); };
  try {
    for (const double rate : learning_rates) {
      if (stop || !one_step(rate)) break;
    }
  } catch (...) {
    left();
    try {
      log.end_call();
    } catch (const Error&) {  // the first error is the one to tell
    }
    throw;
  }
  left();
  log.end_call();
}

double Model::backward(BatchSource& source) {
  const FlushToZero mode;
  Network& net = network();
  const Batch* const batch = source.next();
  if (batch == nullptr) throw Error(NRW_END, "no batch is left");
  return net.backward(*batch, step + 1);
}

}  // namespace nrw
