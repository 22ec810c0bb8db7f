#include "data/shared_batches.h"

#include <algorithm>
#include <chrono>

namespace nrw {

namespace {
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;
constexpr double kDay_ms = 24 * 3600e3;  // a longer time limit may exceed the range of the clock
}  // namespace

class SharedBatches::Reader final : public BatchQueue {
 public:
  Reader(std::shared_ptr<SharedBatches> shared, Place& place) : shared_(std::move(shared)), place_(place) {}
  ~Reader() override { shared_->leave(place_); }

  using BatchQueue::next;
  nrw_status next(double timeout_ms, const Batch*& batch) override { return shared_->next(place_, timeout_ms, batch); }
  void done() noexcept override { shared_->done(place_); }
  void stop() noexcept override { shared_->stop(place_); }
  BatchInfo info() const noexcept override { return shared_->info(place_); }
  uint64_t total() const noexcept override { return shared_->source_->total(); }
  uint32_t columns() const noexcept override { return shared_->source_->columns(); }

 private:
  const std::shared_ptr<SharedBatches> shared_;
  Place& place_;
};

SharedBatches::SharedBatches(uint64_t handed, std::span<const uint32_t> first_batches, uint32_t turns)
    : handed_(handed), turns_(turns) {
  for (const uint32_t first : first_batches) places_.push_back({.next = first});
}

std::vector<std::unique_ptr<BatchQueue>> SharedBatches::readers(std::unique_ptr<BatchQueue>& source,
                                                                std::span<const uint32_t> first_batches,
                                                                uint32_t turns) {
  if (turns < 1) throw Error(NRW_INVALID_ARGUMENT, "turns: must be at least 1");
  const uint64_t handed = source->position();
  for (const uint32_t first : first_batches) {
    if (first >= handed && first <= source->total()) continue;
    throw Error(NRW_INVALID_ARGUMENT, format("first_batches: %u is not among the batches that are left", first));
  }
  const std::shared_ptr<SharedBatches> shared(new SharedBatches(handed, first_batches, turns));
  std::vector<std::unique_ptr<BatchQueue>> readers;
  for (Place& place : shared->places_) readers.push_back(std::make_unique<Reader>(shared, place));
  shared->source_ = std::move(source);
  return readers;
}

bool SharedBatches::is_past(uint64_t number) const noexcept {
  return std::all_of(places_.begin(), places_.end(), [&](const Place& place) {
    const bool uses = place.holds && place.next == number + 1;
    return !uses && (!place.open || place.next > number);
  });
}

void SharedBatches::release(Place& place) noexcept {
  if (!place.holds) return;
  place.holds = false;
  ++turns_;
  changed_.notify_all();
}

nrw_status SharedBatches::next(Place& place, double timeout_ms, const Batch*& batch) {
  std::unique_lock lock(mutex_);
  release(place);
  const Clock::time_point start = Clock::now();
  const auto left_ms = [&] {
    return timeout_ms < 0 ? kDay_ms
                          : std::max(0.0, std::min(timeout_ms, kDay_ms) - Milliseconds(Clock::now() - start).count());
  };
  const auto end = [&](nrw_status status) {
    place.waited_ms += Milliseconds(Clock::now() - start).count();
    return status;
  };
  for (;;) {
    if (place.stopped) throw Error(NRW_STOPPED, "the reader of batches was stopped");
    if (place.next == source_->total()) {
      batch = nullptr;
      return end(NRW_END);
    }
    const bool is_there = batch_ != nullptr && !fetching_ && handed_ == place.next + 1;
    if (is_there && turns_ > 0) {
      --turns_;
      ++place.next;
      place.holds = true;
      batch = batch_;
      return end(NRW_OK);
    }
    if (error_ && handed_ <= place.next) throw *error_;
    // Where nobody needs the present batch any more, one of the readers takes the next one for all.
    if (!is_there && !fetching_ && handed_ <= place.next && (handed_ == 0 || is_past(handed_ - 1))) {
      fetching_ = true;
      lock.unlock();
      const Batch* fetched = nullptr;
      nrw_status status = NRW_OK;
      std::optional<Error> error;
      try {
        status = source_->next(timeout_ms < 0 ? -1 : left_ms(), fetched);
      } catch (const Error& failure) {
        error = failure;
      }
      lock.lock();
      fetching_ = false;
      if (error) error_ = error;
      if (fetched != nullptr) {
        batch_ = fetched;
        ++handed_;
      }
      changed_.notify_all();
      if (status == NRW_TIMEOUT) return end(NRW_TIMEOUT);
      continue;
    }
    if (timeout_ms >= 0 && left_ms() <= 0) return end(NRW_TIMEOUT);
    changed_.wait_for(lock, Milliseconds(left_ms()));
  }
}

void SharedBatches::done(Place& place) noexcept {
  const std::lock_guard lock(mutex_);
  release(place);
}

void SharedBatches::leave(Place& place) noexcept {
  const std::lock_guard lock(mutex_);
  release(place);
  place.open = false;
  changed_.notify_all();
}

void SharedBatches::stop(Place& place) noexcept {
  const std::lock_guard lock(mutex_);
  place.stopped = true;
  place.open = false;
  changed_.notify_all();
}

BatchInfo SharedBatches::info(const Place& place) const noexcept {
  const std::lock_guard lock(mutex_);
  BatchInfo info = source_->info();
  info.next = place.next;
  info.waited_ms = place.waited_ms;
  return info;
}

}  // namespace nrw
