// nrw_chunk_*, nrw_split_rows: see narrows.h.
#include <algorithm>
#include <cmath>
#include <string>

#include "api/guard.h"
#include "api/handles.h"
#include "api/numbers.h"
#include "data/csr_chunk.h"
#include "data/split.h"

using namespace nrw;
using namespace nrw::api;

namespace {

std::string text(const uint8_t* bytes, uint32_t count, const char* message) {
  require(bytes != nullptr && count != 0, message);
  return {reinterpret_cast<const char*>(bytes), count};
}

void write_info(const ChunkInfo& info, double* out) noexcept {
  out[0] = static_cast<double>(info.rows);
  out[1] = static_cast<double>(info.columns);
  out[2] = static_cast<double>(info.nnz);
  out[3] = static_cast<double>(info.data_type);
  out[4] = static_cast<double>(info.dense ? uint32_t{NRW_NO_ARRAY} : static_cast<uint32_t>(info.indices_type));
  out[5] = static_cast<double>(info.dense ? uint32_t{NRW_NO_ARRAY} : static_cast<uint32_t>(info.indptr_type));
  out[6] = static_cast<double>(info.mapped);
  out[7] = static_cast<double>(info.bytes_held);
}

}  // namespace

extern "C" {

int32_t nrw_chunk_open(const uint8_t* path, uint32_t path_bytes, double budget_bytes, nrw_chunk** out,
                       nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(out != nullptr, "out: is null");
    *out = nullptr;
    const std::string file = text(path, path_bytes, "path: is empty");
    const uint64_t budget = whole(budget_bytes, "budget_bytes");
    *out = new nrw_chunk{Chunk::open(file, budget)};
  });
}

int32_t nrw_chunk_peek(const uint8_t* path, uint32_t path_bytes, double* info, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(info != nullptr, "info: is null");
    write_info(Chunk::peek(text(path, path_bytes, "path: is empty")), info);
  });
}

int32_t nrw_chunk_checksums(const uint8_t* path, uint32_t path_bytes, uint32_t* out, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(out != nullptr, "out: is null");
    const auto sums = Chunk::checksums(text(path, path_bytes, "path: is empty"));
    std::copy(sums.begin(), sums.end(), out);
  });
}

int32_t nrw_chunk_info(nrw_chunk* chunk, double* info, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(chunk != nullptr && info != nullptr, "chunk or info: is null");
    write_info(chunk->chunk->info(), info);
  });
}

int32_t nrw_chunk_pointers(nrw_chunk* chunk, uint64_t* pointers, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(chunk != nullptr && pointers != nullptr, "chunk or pointers: is null");
    pointers[0] = reinterpret_cast<uintptr_t>(chunk->chunk->data());
    pointers[1] = reinterpret_cast<uintptr_t>(chunk->chunk->indices());
    pointers[2] = reinterpret_cast<uintptr_t>(chunk->chunk->indptr());
  });
}

int32_t nrw_chunk_close(nrw_chunk* chunk, nrw_error* err) noexcept {
  return guarded(err, [&] { delete chunk; });
}

int32_t nrw_split_rows(uint64_t seed, double first_row, uint32_t rows, double train_share, double validation_share,
                       uint8_t* out, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(out != nullptr || rows == 0, "out: is null");
    require(train_share >= 0 && train_share <= 1, "train_share: must be in [0, 1]");
    require(validation_share >= 0 && validation_share <= 1, "validation_share: must be in [0, 1]");
    require(train_share + validation_share <= 1 + 1e-9, "train_share + validation_share: must be at most 1");
    split_rows(seed, whole(first_row, "first_row"), rows, train_share, validation_share, out);
  });
}

}  // extern "C"
