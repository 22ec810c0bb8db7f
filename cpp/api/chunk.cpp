// nrw_chunk_*, nrw_split_rows: see narrows.h.
#include <algorithm>
#include <cmath>
#include <span>
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

ElementType element_type(uint32_t type, const char* name) {
  if (type <= NRW_BF16) return static_cast<ElementType>(type);
  throw Error(NRW_INVALID_ARGUMENT, format("%s: the element type %u is unknown", name, type));
}

std::span<const uint8_t> array(const uint8_t* bytes, double count, const char* name) {
  const uint64_t size = whole(count, name);
  if (bytes == nullptr && size != 0) throw Error(NRW_INVALID_ARGUMENT, format("%s: the array is null", name));
  return {bytes, size};
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

int32_t nrw_chunk_open_matrix(const uint8_t* path, uint32_t path_bytes, double offset, double rows, double columns,
                              uint32_t type, double first_row, uint32_t whole_soon, nrw_chunk** out,
                              nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(out != nullptr, "out: is null");
    *out = nullptr;
    MatrixPlace place;
    place.offset = whole(offset, "offset");
    place.rows = whole(rows, "rows");
    place.columns = whole(columns, "columns");
    place.type = element_type(type, "type");
    place.first_row = whole(first_row, "first_row");
    place.whole = whole_soon != 0;
    *out = new nrw_chunk{Chunk::open_matrix(text(path, path_bytes, "path: is empty"), place)};
  });
}

int32_t nrw_chunk_from_arrays(const uint8_t* name, uint32_t name_bytes, double rows, double columns, uint32_t data_type,
                              const uint8_t* data, double data_bytes, uint32_t indices_type, const uint8_t* indices,
                              double indices_bytes, uint32_t indptr_type, const uint8_t* indptr, double indptr_bytes,
                              nrw_chunk** out, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(out != nullptr, "out: is null");
    *out = nullptr;
    MatrixArrays arrays;
    arrays.name = text(name, name_bytes, "name: is empty");
    arrays.rows = whole(rows, "rows");
    arrays.columns = whole(columns, "columns");
    arrays.data_type = element_type(data_type, "data_type");
    arrays.data = array(data, data_bytes, "data_bytes");
    arrays.dense = indices_type == NRW_NO_ARRAY;
    require(arrays.dense == (indptr_type == NRW_NO_ARRAY),
            "indices_type and indptr_type: must both be NRW_NO_ARRAY or neither");
    if (!arrays.dense) {
      arrays.indices_type = element_type(indices_type, "indices_type");
      arrays.indices = array(indices, indices_bytes, "indices_bytes");
      arrays.indptr_type = element_type(indptr_type, "indptr_type");
      arrays.indptr = array(indptr, indptr_bytes, "indptr_bytes");
    }
    *out = new nrw_chunk{Chunk::from_arrays(arrays)};
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
