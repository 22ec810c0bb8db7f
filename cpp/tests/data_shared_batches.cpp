// Several readers of one batch creator: the same batches for all, one at a time, in turns, with readers that begin
// later, leave, are stopped, or meet an error.
#include <atomic>
#include <numeric>
#include <thread>

#include "check.h"
#include "data/batch_creator.h"
#include "data/shared_batches.h"
#include "data_writer.h"

using namespace nrw;
using namespace nrw::test;

namespace {

constexpr uint32_t kRows = 103, kBatches = 11;

std::unique_ptr<BatchQueue> create(uint32_t first_batch = 0) {
  std::vector<uint32_t> rows(kRows);
  std::iota(rows.begin(), rows.end(), 0u);
  BatchOptions options;
  options.batch_size = 10;
  options.shuffle = true;
  options.first_batch = first_batch;
  options.workers = 2;
  options.preload = 3;
  static const std::vector<std::shared_ptr<const Chunk>> chunks{chunk_of(random_matrix(21, kRows, 50, 8))};
  const std::vector<uint64_t> first_rows{0};
  return std::make_unique<BatchCreator>(chunks, first_rows, rows, options);
}

using Ids = std::vector<std::vector<uint64_t>>;

void take(BatchQueue& queue, Ids& ids) {
  while (const Batch* batch = queue.next()) {
    ids.emplace_back(batch->row_id.data(), batch->row_id.data() + batch->rows);
    queue.done();
  }
}

Ids alone() {
  Ids ids;
  take(*create(), ids);
  return ids;
}

// Runs something for each reader, each in a thread of its own.
template <class Body>
void in_parallel(std::vector<std::unique_ptr<BatchQueue>>& readers, Body&& body) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < readers.size(); ++i) threads.emplace_back([&, i] { body(i, *readers[i]); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST(shared_batches_are_the_same_for_all_readers_and_made_once) {
  const Ids expected = alone();
  CHECK(expected.size() == kBatches);
  for (const uint32_t turns : {1u, 2u, 5u}) {
    auto source = create();
    const std::vector<uint32_t> firsts{0, 0, 0, 0};
    auto readers = SharedBatches::readers(source, firsts, turns);
    CHECK(source == nullptr);
    std::vector<Ids> ids(readers.size());
    in_parallel(readers, [&](size_t i, BatchQueue& reader) { take(reader, ids[i]); });
    for (size_t i = 0; i < readers.size(); ++i) {
      CHECK(ids[i] == expected);
      CHECK(readers[i]->info().cut == kBatches && readers[i]->position() == kBatches);
    }
  }
}

TEST(shared_batches_are_used_by_no_more_readers_at_a_time_than_there_are_turns) {
  for (const int turns : {1, 2}) {
    auto source = create();
    const std::vector<uint32_t> firsts{0, 0, 0, 0};
    auto readers = SharedBatches::readers(source, firsts, static_cast<uint32_t>(turns));
    std::atomic<int> users{0}, most{0};
    in_parallel(readers, [&](size_t, BatchQueue& reader) {
      while (reader.next() != nullptr) {
        const int now = ++users;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        --users;
        reader.done();
      }
    });
    CHECK(most == turns);
  }
}

TEST(shared_batches_begin_where_each_reader_begins) {
  const Ids expected = alone();
  auto source = create(2);
  const std::vector<uint32_t> firsts{5, 2, 11, 9};
  auto readers = SharedBatches::readers(source, firsts, 1);
  std::vector<Ids> ids(readers.size());
  in_parallel(readers, [&](size_t i, BatchQueue& reader) { take(reader, ids[i]); });
  for (size_t i = 0; i < firsts.size(); ++i) CHECK(ids[i] == Ids(expected.begin() + firsts[i], expected.end()));
}

TEST(shared_batches_do_not_wait_for_a_reader_that_has_left_or_was_stopped) {
  const Ids expected = alone();
  auto source = create();
  const std::vector<uint32_t> firsts{0, 0, 0};
  auto readers = SharedBatches::readers(source, firsts, 1);
  CHECK(readers[0]->next()->number == 0);
  const Batch* none = nullptr;
  CHECK(readers[1]->next(5, none) == NRW_TIMEOUT);  // it is not its turn
  readers[0].reset();
  CHECK(readers[1]->next()->number == 0);
  readers[1]->done();
  CHECK(readers[1]->next(5, none) == NRW_TIMEOUT);  // the third has not had the first batch
  std::thread stops([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    readers[2]->stop();
  });
  CHECK(readers[1]->next()->number == 1);
  stops.join();
  CHECK_THROWS(readers[2]->next(), NRW_STOPPED);
  Ids ids;
  take(*readers[1], ids);
  CHECK(ids == Ids(expected.begin() + 2, expected.end()));
}

TEST(shared_batches_refuse_what_is_not_left) {
  const auto refused = [](std::vector<uint32_t> firsts, uint32_t turns) {
    auto source = create(3);
    CHECK_THROWS(SharedBatches::readers(source, firsts, turns), NRW_INVALID_ARGUMENT);
    CHECK(source != nullptr && source->next()->number == 3);  // the source is as it was
  };
  refused({3, 2}, 1);
  refused({3, 12}, 1);
  refused({3, 3}, 0);
}

namespace {

// Fails at its second batch, as data do that were changed on disk.
class Failing final : public BatchQueue {
 public:
  nrw_status next(double, const Batch*& batch) override {
    if (given_ > 0) throw Error(NRW_FORMAT, "row 7 is not finite");
    ++given_;
    batch = &batch_;
    return NRW_OK;
  }
  void stop() noexcept override {}
  BatchInfo info() const noexcept override { return {.total = 5, .next = given_}; }
  uint64_t total() const noexcept override { return 5; }
  uint32_t columns() const noexcept override { return 1; }

 private:
  SparseBatch batch_;
  uint64_t given_ = 0;
};

}  // namespace

TEST(shared_batches_give_an_error_of_the_source_to_all_readers) {
  std::unique_ptr<BatchQueue> source = std::make_unique<Failing>();
  const std::vector<uint32_t> firsts{0, 0, 0};
  auto readers = SharedBatches::readers(source, firsts, 1);
  std::atomic<int> failed{0};
  in_parallel(readers, [&](size_t, BatchQueue& reader) {
    CHECK(reader.next() != nullptr);
    reader.done();
    CHECK_THROWS(reader.next(), NRW_FORMAT);
    CHECK_THROWS(reader.next(), NRW_FORMAT);
    ++failed;
  });
  CHECK(failed == 3);
}
