#include "data/batch_creator.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>
#include <system_error>

#include "data/batch_pool.h"
#include "data/csc.h"
#include "data/random_transform.h"
#include "data/shuffle.h"

namespace nrw {

namespace {

constexpr uint32_t kMostWorkers = 1024;

void require(bool condition, const char* message) {
  if (!condition) throw Error(NRW_INVALID_ARGUMENT, message);
}

// Random transforms take dense rows, whole channels of them.
void check_random(const std::vector<Transform>& transforms, const RowWindow& window) {
  if (std::none_of(transforms.begin(), transforms.end(), [](const auto& one) { return one.is_random(); })) return;
  require(window.dense(), "transforms: random ones take dense rows, and these are sparse");
  require(transforms.size() <= kMostTransforms, "transforms: with random ones there may be 16 of them");
  require(window.columns() <= 1u << 27, "transforms: random ones take rows of at most 2^27 values");
  for (const Transform& one : transforms) {
    if (one.kind != TransformKind::kRowShape) continue;
    const double page = one.p0 * one.p1;
    require(page <= window.columns() && window.columns() % static_cast<uint64_t>(page) == 0,
            "transforms: the shape does not fit the rows");
  }
}

uint64_t bytes_of(const Batch& batch) noexcept {
  const uint64_t nnz = batch.nnz(), rows = batch.rows;
  const uint64_t each = (batch.weighted ? 4 : 0) + (batch.categorised ? 4 : 0);
  if (batch.is_dense()) return batch.columns * batch.dense().stride() * (batch.masked ? 8 : 4) + rows * (8 + each);
  return nnz * (batch.masked ? 24 : 16) + rows * (12 + each) + 4 + uint64_t{batch.sparse().touched} * 8 + 4;
}

}  // namespace

BatchCreator::BatchCreator(std::vector<std::shared_ptr<const Chunk>> chunks, std::span<const uint64_t> first_rows,
                           std::span<const uint32_t> rows, const BatchOptions& options)
    : window_(std::move(chunks), first_rows),
      cut_options_(options.cut),
      batch_size_(options.batch_size),
      row_weights_(options.row_weights),
      row_categories_(options.row_categories),
      rows_(rows.begin(), rows.end()) {
  require(batch_size_ >= 1, "batch size: must be at least 1");
  require(options.preload >= 1, "preload: must be at least 1");
  require(options.workers >= 1 && options.workers <= kMostWorkers, "workers: must be 1 to 1024");
  require(cut_options_.mask_rate >= 0 && cut_options_.mask_rate < 1, "mask rate: must be in [0, 1)");
  require(row_weights_.empty() || row_weights_.size() == window_.rows(), "row weights: one is needed for each row");
  require(row_categories_.empty() || row_categories_.size() == window_.rows(),
          "row categories: one is needed for each row");
  for (const auto* list : {&cut_options_.transforms, &cut_options_.input_transforms}) check_random(*list, window_);
  for (const float weight : row_weights_)
    require(std::isfinite(weight) && weight >= 0, "row weights: must be 0 or more");
  for (const uint32_t row : rows_) {
    if (row >= window_.rows()) {
      throw Error(NRW_INVALID_ARGUMENT, format("rows: row %u does not exist, since the chunks have %llu rows", row,
                                               static_cast<unsigned long long>(window_.rows())));
    }
  }
  total_ = (rows_.size() + (options.drop_last ? 0 : batch_size_ - 1)) / batch_size_;
  require(options.first_batch <= total_, "first batch: is beyond the last batch");
  if (options.shuffle) shuffle(rows_, cut_options_.seed, cut_options_.epoch, options.stream);
  next_ = taken_ = options.first_batch;
  preload_ = std::max<uint64_t>(1, std::min<uint64_t>(options.preload, total_ - next_));
  slots_ = std::vector<Slot>(preload_);
  batches_.resize(preload_ + 1);
  free_.reserve(batches_.size());
  for (std::unique_ptr<Batch>& batch : batches_) {
    batch = take_batch(window_.dense() ? Batch::Kind::kDense : Batch::Kind::kSparse);
    free_.push_back(batch.get());
  }
  start(static_cast<uint32_t>(std::min<uint64_t>({options.workers, preload_, total_ - next_})));
}

BatchCreator::~BatchCreator() {
  stop();
  for (std::thread& thread : threads_) thread.join();
  for (std::unique_ptr<Batch>& batch : batches_) give_batch(std::move(batch));
}

void BatchCreator::start(uint32_t workers) {
  threads_.reserve(workers);
  try {
    while (threads_.size() < workers) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    stop();
    for (std::thread& thread : threads_) thread.join();
    throw Error(NRW_OUT_OF_MEMORY,
                format("workers: cannot start thread %zu of %u: %s", threads_.size() + 1, workers, error.what()));
  }
}

std::span<const uint32_t> BatchCreator::rows_of(uint64_t number) const noexcept {
  const uint64_t first = number * batch_size_;
  return std::span(rows_).subspan(first, std::min<uint64_t>(batch_size_, rows_.size() - first));
}

void BatchCreator::work() noexcept {
  Cutters cutters;
  std::unique_lock lock(mutex_);
  for (;;) {
    room_.wait(lock, [&] { return stopped_ || taken_ == total_ || taken_ < next_ + preload_; });
    if (stopped_ || taken_ == total_) return;
    const uint64_t number = taken_++;
    Slot& slot = slot_of(number);
    slot.batch = free_.back();
    free_.pop_back();
    lock.unlock();
    cut(cutters, number, slot);
    lock.lock();
    slot.ready = true;
    ++cut_;
    if (slot.error) taken_ = total_;  // no batch is made after one that failed
    if (number == next_) ready_.notify_one();
  }
}

void BatchCreator::cut(Cutters& cutters, uint64_t number, Slot& slot) const noexcept {
  try {
    if (window_.dense()) {
      if (!cutters.dense) cutters.dense.emplace(window_, cut_options_);
      cutters.dense->cut(rows_of(number), slot.batch->dense());
    } else {
      if (!cutters.sparse) cutters.sparse.emplace(window_, cut_options_);
      cutters.sparse->cut(rows_of(number), slot.batch->sparse());
    }
    slot.batch->number = number;
    add_row_values(rows_of(number), *slot.batch);
    if (const Chunk* chunk = window_.cut_short()) slot.error = chunk->changed();
  } catch (const Error& error) {
    const Chunk* chunk = window_.cut_short();
    slot.error = chunk != nullptr ? chunk->changed() : error;
  } catch (const std::bad_alloc&) {
    slot.error = Error(NRW_OUT_OF_MEMORY, "there is not enough memory to make a batch");
  } catch (const std::exception& error) {
    slot.error = Error(NRW_INTERNAL, error.what());
  }
}

void BatchCreator::add_row_values(std::span<const uint32_t> rows, Batch& batch) const {
  const auto pick = [&](bool& used, const auto& values, auto& to) {
    used = !values.empty();
    if (!used) return;
    make_room(to, rows.size());
    for (size_t i = 0; i < rows.size(); ++i) to[i] = values[rows[i]];
  };
  pick(batch.weighted, row_weights_, batch.row_weight);
  pick(batch.categorised, row_categories_, batch.row_category);
}

nrw_status BatchCreator::next(double timeout_ms, const Batch*& batch) {
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::duration<double, std::milli>;
  std::unique_lock lock(mutex_);
  const auto done = [&] { return stopped_ || next_ == total_ || slot_of(next_).ready; };
  if (!done()) {
    const Clock::time_point start = Clock::now();
    bool in_time = true;
    // At most one day at a time, since a longer time limit may exceed the range of the clock.
    if (timeout_ms < 0) {
      ready_.wait(lock, done);
    } else {
      constexpr double kDay_ms = 24 * 3600e3;
      in_time = ready_.wait_for(lock, Milliseconds(std::min(timeout_ms, kDay_ms)), done);
    }
    waited_ms_ += Milliseconds(Clock::now() - start).count();
    if (!in_time) return NRW_TIMEOUT;
  }
  if (stopped_) throw Error(NRW_STOPPED, "the batch creator was stopped");
  if (next_ == total_) {
    batch = nullptr;
    return NRW_END;
  }
  Slot& slot = slot_of(next_);
  if (slot.error) throw *slot.error;
  slot.ready = false;
  ++next_;
  if (held_ != nullptr) free_.push_back(held_);
  batch = held_ = slot.batch;
  lock.unlock();
  room_.notify_one();
  return NRW_OK;
}

void BatchCreator::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  room_.notify_all();
  ready_.notify_all();
}

BatchInfo BatchCreator::info() const noexcept {
  const std::lock_guard lock(mutex_);
  BatchInfo info;
  info.total = total_;
  info.next = next_;
  info.rows = rows_.size();
  info.columns = window_.columns();
  info.cut = cut_;
  info.waited_ms = waited_ms_;
  for (uint64_t number = next_; number < std::min(total_, next_ + preload_); ++number) {
    const Slot& slot = slot_of(number);
    if (!slot.ready || slot.error) continue;
    ++info.ready;
    info.ready_bytes += bytes_of(*slot.batch);
  }
  return info;
}

}  // namespace nrw
