// The batch creator: order, sameness, back-pressure, resume, stopping, errors.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <set>
#include <thread>

#include "check.h"
#include "data/batch_creator.h"
#include "data_writer.h"

using namespace nrw;
using namespace nrw::test;

namespace {

constexpr uint32_t kRows = 103;

std::vector<std::shared_ptr<const Chunk>> two_chunks() {
  static const std::vector<std::shared_ptr<const Chunk>> chunks{chunk_of(random_matrix(21, 60, 50, 8)),
                                                                chunk_of(random_matrix(22, kRows - 60, 50, 8))};
  return chunks;
}

std::unique_ptr<BatchCreator> create(const BatchOptions& options) {
  std::vector<uint32_t> rows(kRows);
  std::iota(rows.begin(), rows.end(), 0u);
  const std::vector<uint64_t> first_rows{500, 560};
  return std::make_unique<BatchCreator>(two_chunks(), first_rows, rows, options);
}

BatchOptions usual() {
  BatchOptions options;
  options.batch_size = 10;
  options.shuffle = true;
  options.cut.seed = 6;
  options.cut.epoch = 2;
  options.cut.mask_rate = 0.2;
  options.cut.transforms = {{TransformKind::kLibrarySize, 100}, {TransformKind::kLog1p}};
  return options;
}

template <class T>
void append(std::vector<uint64_t>& out, const T* values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, values + i, sizeof(T));
    out.push_back(bits);
  }
}

// Everything in a batch, bit by bit.
std::vector<uint64_t> bits(const Batch& any) {
  const SparseBatch& batch = any.sparse();
  std::vector<uint64_t> all{batch.number, batch.rows, batch.columns, batch.touched, batch.masked};
  const size_t nnz = batch.nnz();
  append(all, batch.row_ptr.data(), batch.rows + 1);
  append(all, batch.row_id.data(), batch.rows);
  append(all, batch.column.data(), nnz);
  append(all, batch.target.data(), nnz);
  append(all, batch.inputs(), nnz);
  append(all, batch.touched_col.data(), batch.touched);
  append(all, batch.touched_ptr.data(), batch.touched + 1);
  append(all, batch.csc_row.data(), nnz);
  append(all, batch.csc_target.data(), nnz);
  append(all, batch.csc_inputs(), nnz);
  return all;
}

std::vector<std::vector<uint64_t>> drain(BatchCreator& creator) {
  std::vector<std::vector<uint64_t>> batches;
  while (const Batch* batch = creator.next()) batches.push_back(bits(*batch));
  CHECK(creator.next() == nullptr);
  return batches;
}

// Waits for a condition that another thread will bring about.
template <class Condition>
bool soon(Condition&& condition) {
  for (int tries = 0; tries < 5000; ++tries) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

}  // namespace

TEST(batches_are_the_same_with_any_number_of_workers_and_preloaded_batches) {
  const auto expected = drain(*create(usual()));
  CHECK(expected.size() == 11);
  for (uint32_t workers = 1; workers <= 4; ++workers) {
    for (uint32_t preload = 1; preload <= 8; ++preload) {
      BatchOptions options = usual();
      options.workers = workers;
      options.preload = preload;
      CHECK(drain(*create(options)) == expected);
    }
  }
}

TEST(batches_hold_every_row_once) {
  for (const bool shuffled : {true, false}) {
    BatchOptions options = usual();
    options.shuffle = shuffled;
    options.workers = 2;
    options.preload = 3;
    const auto creator = create(options);
    std::vector<uint64_t> ids;
    std::vector<uint32_t> sizes;
    while (const Batch* batch = creator->next()) {
      CHECK(batch->number == sizes.size());
      sizes.push_back(batch->rows);
      ids.insert(ids.end(), batch->row_id.data(), batch->row_id.data() + batch->rows);
    }
    CHECK(sizes == (std::vector<uint32_t>{10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 3}));
    std::vector<uint64_t> expected(kRows);
    std::iota(expected.begin(), expected.end(), 500u);
    CHECK((ids == expected) == !shuffled);
    std::sort(ids.begin(), ids.end());
    CHECK(ids == expected);
  }
}

TEST(batches_drop_last_leaves_out_a_partial_batch) {
  BatchOptions options = usual();
  const auto all = drain(*create(options));
  options.drop_last = true;
  const auto whole = drain(*create(options));
  CHECK(whole.size() == 10 && std::equal(whole.begin(), whole.end(), all.begin()));
  options.batch_size = kRows;
  CHECK(drain(*create(options)).size() == 1);
  options.batch_size = kRows + 1;
  CHECK(drain(*create(options)).empty());
}

TEST(batches_resume_at_any_batch) {
  const auto all = drain(*create(usual()));
  for (uint32_t first = 0; first <= 11; ++first) {
    BatchOptions options = usual();
    options.first_batch = first;
    options.workers = 2;
    options.preload = 2;
    const auto creator = create(options);
    CHECK(creator->position() == first && creator->total() == 11);
    const auto rest = drain(*creator);
    CHECK(rest.size() == 11 - first && std::equal(rest.begin(), rest.end(), all.begin() + first));
    CHECK(creator->position() == 11);
  }
}

TEST(batches_order_differs_by_epoch_and_stream) {
  const auto expected = drain(*create(usual()));
  BatchOptions epoch = usual(), stream = usual();
  epoch.cut.epoch = 3;
  stream.stream = 1;
  CHECK(drain(*create(epoch)) != expected);
  CHECK(drain(*create(stream)) != expected);
}

// The workers go no further than `preload` batches ahead of the consumer, whose own batch stays untouched meanwhile.
TEST(batches_queue_is_bounded) {
  BatchOptions options = usual();
  options.workers = 4;
  options.preload = 3;
  const auto creator = create(options);
  CHECK(soon([&] { return creator->info().ready == 3; }));
  CHECK(creator->info().cut == 3 && creator->info().ready_bytes > 0);
  const Batch* held = creator->next();
  const auto before = bits(*held);
  CHECK(soon([&] { return creator->info().cut == 4; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const BatchInfo info = creator->info();
  CHECK(info.cut == 4 && info.ready == 3 && info.next == 1 && info.total == 11 && info.rows == kRows);
  CHECK(bits(*held) == before);
}

TEST(batches_stop_at_any_moment) {
  for (int taken = 0; taken < 11; ++taken) {
    BatchOptions options = usual();
    options.workers = 2;
    options.preload = 2;
    const auto creator = create(options);
    for (int i = 0; i < taken; ++i) CHECK(creator->next() != nullptr);
    creator->stop();
    creator->stop();
    CHECK_THROWS(creator->next(), NRW_STOPPED);
  }
  for (int i = 0; i < 50; ++i) create(usual());  // started and destroyed at once
}

// A batch that takes long: a row of a million entries out of order.
TEST(batches_stop_while_the_consumer_waits) {
  Matrix matrix;
  matrix.rows = 1;
  matrix.columns = 1000000;
  for (int64_t k = 0; k < matrix.columns; ++k) {
    matrix.indices.push_back((k * 700001) % matrix.columns);
    matrix.values.push_back(1);
  }
  matrix.indptr.push_back(matrix.columns);
  const auto chunk = chunk_of(matrix);
  const std::vector<uint64_t> first_rows{0};
  const std::vector<uint32_t> rows(20, 0);
  BatchOptions options;
  options.batch_size = 20;
  BatchCreator creator({chunk}, first_rows, rows, options);
  const Batch* batch = nullptr;
  CHECK(creator.next(1, batch) == NRW_TIMEOUT);
  CHECK(creator.waited_ms() >= 1);
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    creator.stop();
  });
  CHECK_THROWS(creator.next(), NRW_STOPPED);
  stopper.join();
}

TEST(batches_deliver_an_error_at_its_batch) {
  Matrix matrix = random_matrix(23, 30, 40, 6);
  const auto first = static_cast<size_t>(matrix.indptr[13]);
  CHECK(matrix.indptr[14] > matrix.indptr[13]);
  matrix.values[first] = std::nan("");
  const auto chunk = chunk_of(matrix);
  std::vector<uint32_t> rows(30);
  std::iota(rows.begin(), rows.end(), 0u);
  const std::vector<uint64_t> first_rows{0};
  for (uint32_t workers = 1; workers <= 4; ++workers) {
    BatchOptions options;
    options.batch_size = 5;
    options.workers = workers;
    options.preload = 4;
    BatchCreator creator({chunk}, first_rows, rows, options);
    CHECK(creator.next()->number == 0);
    CHECK(creator.next()->number == 1);
    for (int again = 0; again < 2; ++again) {
      std::string message;
      try {
        creator.next();
      } catch (const Error& error) {
        message = error.what();
        CHECK(error.code() == NRW_FORMAT);
      }
      CHECK(message.starts_with("test.npz: row 13, column "));
    }
    CHECK(creator.position() == 2);
  }
}

TEST(batches_of_no_rows_end_at_once) {
  const std::vector<uint64_t> first_rows{0, 60};
  BatchCreator creator(two_chunks(), first_rows, {}, usual());
  CHECK(creator.total() == 0 && creator.next() == nullptr);
}

TEST(batches_options_are_checked) {
  const auto refuses = [](auto&& change) {
    BatchOptions options = usual();
    change(options);
    CHECK_THROWS(create(options), NRW_INVALID_ARGUMENT);
  };
  refuses([](BatchOptions& o) { o.batch_size = 0; });
  refuses([](BatchOptions& o) { o.preload = 0; });
  refuses([](BatchOptions& o) { o.workers = 0; });
  refuses([](BatchOptions& o) { o.workers = 5000; });
  refuses([](BatchOptions& o) { o.first_batch = 12; });
  refuses([](BatchOptions& o) { o.cut.mask_rate = 1; });
  refuses([](BatchOptions& o) { o.cut.mask_rate = std::nan(""); });
  const std::vector<uint64_t> first_rows{0, 60};
  const std::vector<uint32_t> rows{0, kRows};
  CHECK_THROWS(BatchCreator(two_chunks(), first_rows, rows, usual()), NRW_INVALID_ARGUMENT);
}

// A creator keeps its chunks, whoever else lets go of them.
TEST(batches_outlive_the_chunk_handle) {
  auto chunk = chunk_of(random_matrix(24, 20, 30, 5));
  const std::vector<uint64_t> first_rows{0};
  const std::vector<uint32_t> rows{0, 5, 19};
  BatchCreator creator({std::exchange(chunk, nullptr)}, first_rows, rows, usual());
  CHECK(drain(creator).size() == 1);
}
