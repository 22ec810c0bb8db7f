// nrw_batches_*: see narrows.h.
#include <memory>
#include <utility>
#include <vector>

#include "api/guard.h"
#include "api/handles.h"
#include "api/numbers.h"
#include "data/batch_creator.h"
#include "data/shared_batches.h"

using namespace nrw;
using namespace nrw::api;

nrw_batches::nrw_batches(std::unique_ptr<BatchQueue> made) noexcept : queue(std::move(made)) {}
nrw_batches::~nrw_batches() = default;
BatchSource& nrw_batches::source() noexcept { return *queue; }

namespace {

uint64_t address(const void* pointer) noexcept { return reinterpret_cast<uintptr_t>(pointer); }

// count triples (kind, p0, p1).
std::vector<Transform> transforms_of(const double* triples, uint32_t count) {
  std::vector<Transform> transforms;
  for (const double* at = triples; at != triples + size_t{3} * count; at += 3) {
    transforms.push_back(Transform::checked(at[0], at[1], at[2]));
  }
  return transforms;
}

}  // namespace

extern "C" {

int32_t nrw_batches_create(const uint64_t* chunks, uint32_t chunk_count, const double* row_offsets,
                           const uint32_t* rows, uint32_t row_count, uint32_t batch_size, uint32_t flags, uint64_t seed,
                           uint32_t epoch, uint32_t stream, uint32_t first_batch, uint32_t preload, uint32_t workers,
                           const double* transforms, uint32_t transform_count, const double* input_transforms,
                           uint32_t input_transform_count, double mask_rate, const uint32_t* column_map,
                           const float* row_weights, const uint32_t* row_categories, nrw_batches** out,
                           nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(out != nullptr, "out: is null");
    *out = nullptr;
    require(chunks != nullptr && row_offsets != nullptr && chunk_count != 0, "chunks: at least one is needed");
    require(rows != nullptr || row_count == 0, "rows: is null");
    require(transforms != nullptr || transform_count == 0, "transforms: is null");
    require(input_transforms != nullptr || input_transform_count == 0, "input_transforms: is null");
    require((flags & ~uint32_t{NRW_SHUFFLE | NRW_DROP_LAST}) == 0, "flags: has unknown bits");
    std::vector<std::shared_ptr<const Chunk>> window;
    std::vector<uint64_t> first_rows;
    for (uint32_t i = 0; i < chunk_count; ++i) {
      const auto* chunk = reinterpret_cast<const nrw_chunk*>(static_cast<uintptr_t>(chunks[i]));
      require(chunk != nullptr, "chunks: one is null");
      window.push_back(chunk->chunk);
      first_rows.push_back(whole(row_offsets[i], "row_offsets"));
    }
    BatchOptions options;
    options.batch_size = batch_size;
    options.shuffle = (flags & NRW_SHUFFLE) != 0;
    options.drop_last = (flags & NRW_DROP_LAST) != 0;
    options.stream = stream;
    options.first_batch = first_batch;
    options.preload = preload;
    options.workers = workers;
    options.cut.mask_rate = mask_rate;
    options.cut.seed = seed;
    options.cut.epoch = epoch;
    options.cut.transforms = transforms_of(transforms, transform_count);
    options.cut.input_transforms = transforms_of(input_transforms, input_transform_count);
    if (column_map != nullptr) {
      options.cut.column_map.assign(column_map, column_map + window.front()->info().columns);
    }
    uint64_t all = 0;
    for (const auto& chunk : window) all += chunk->info().rows;
    if (row_weights != nullptr) options.row_weights.assign(row_weights, row_weights + all);
    if (row_categories != nullptr) options.row_categories.assign(row_categories, row_categories + all);
    const std::span<const uint32_t> row_list(rows, row_count);
    *out = new nrw_batches(std::make_unique<BatchCreator>(std::move(window), first_rows, row_list, options));
  });
}

int32_t nrw_batches_share(nrw_batches* batches, const uint32_t* first_batches, uint32_t readers, uint32_t turns,
                          uint64_t* out, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(batches != nullptr, "batches: is null");
    require(first_batches != nullptr && readers != 0, "first_batches: at least one is needed");
    require(out != nullptr || readers == 1, "out: is null");
    const Busy busy(batches->busy);
    std::vector<std::unique_ptr<nrw_batches>> handles;
    for (uint32_t i = 1; i < readers; ++i) handles.push_back(std::make_unique<nrw_batches>(nullptr));
    auto made = SharedBatches::readers(batches->queue, std::span(first_batches, readers), turns);
    batches->queue = std::move(made[0]);
    for (uint32_t i = 1; i < readers; ++i) {
      handles[i - 1]->queue = std::move(made[i]);
      out[i - 1] = address(handles[i - 1].release());
    }
  });
}

int32_t nrw_batches_info(nrw_batches* batches, double* info, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(batches != nullptr && info != nullptr, "batches or info: is null");
    const BatchInfo now = batches->queue->info();
    info[0] = static_cast<double>(now.total);
    info[1] = static_cast<double>(now.next);
    info[2] = static_cast<double>(now.rows);
    info[3] = static_cast<double>(now.columns);
    info[4] = static_cast<double>(now.ready);
    info[5] = static_cast<double>(now.ready_bytes);
    info[6] = static_cast<double>(now.cut);
    info[7] = now.waited_ms;
  });
}

int32_t nrw_batches_next(nrw_batches* batches, double timeout_ms, uint64_t* view, nrw_error* err) noexcept {
  return guarded(err, [&]() -> int32_t {
    require(batches != nullptr && view != nullptr, "batches or view: is null");
    require(timeout_ms == timeout_ms, "timeout_ms: is not a number");
    const Busy busy(batches->busy);
    const Batch* batch = nullptr;
    const nrw_status status = batches->queue->next(timeout_ms, batch);
    if (status != NRW_OK) return status;
    view[0] = batch->rows;
    view[1] = batch->nnz();
    if (const SparseBatch* const sparse = batch->if_sparse(); sparse != nullptr) {
      view[2] = address(sparse->row_ptr.data());
      view[3] = address(sparse->column.data());
      view[4] = address(sparse->target.data());
      view[5] = address(sparse->inputs());
    } else {
      const DenseBatch& dense = batch->dense();
      view[2] = 0;
      view[3] = dense.stride();
      view[4] = address(dense.target.data());
      view[5] = address(dense.inputs());
    }
    view[6] = address(batch->row_id.data());
    view[7] = batch->number;
    return NRW_OK;
  });
}

int32_t nrw_batches_stop(nrw_batches* batches, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(batches != nullptr, "batches: is null");
    batches->queue->stop();
  });
}

int32_t nrw_batches_close(nrw_batches* batches, nrw_error* err) noexcept {
  return guarded(err, [&] {
    if (batches == nullptr) return;
    batches->queue->stop();
    Busy::take_for_ever(batches->busy);
    delete batches;
  });
}

}  // extern "C"
