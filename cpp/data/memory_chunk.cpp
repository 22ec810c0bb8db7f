// Chunks of arrays in a caller's memory. The arrays are copied first and checked in the copy, so that the caller cannot
// change what has been checked.
#include <algorithm>

#include "base/status.h"
#include "data/csr_chunk.h"
#include "data/messages.h"

namespace nrw {

namespace {

using Number = unsigned long long;  // for messages

// Each array starts at a cache line of the shared buffer.
uint64_t padded(uint64_t bytes) noexcept { return (bytes + 63) / 64 * 64; }

bool is_index_type(ElementType type) noexcept {
  return type == ElementType::kI32 || type == ElementType::kI64 || type == ElementType::kU32 ||
         type == ElementType::kU64;
}

// Throws unless an array has `count` elements of its type. `why` explains the count in the message.
void require_count(const std::string& where, const char* array, std::span<const uint8_t> bytes, ElementType type,
                   uint64_t count, const std::string& why) {
  const uint64_t size = size_of(type);
  if (bytes.size() % size == 0 && bytes.size() / size == count) return;
  throw Error(NRW_FORMAT, where + format("%s: length: must be %s = %llu, got %llu", array, why.c_str(), Number{count},
                                         Number{bytes.size() / size}));
}

void check_shape(const MatrixArrays& arrays, const std::string& where) {
  if (arrays.rows > UINT32_MAX) {
    throw Error(NRW_FORMAT, where + format("rows: must be at most 2^32 - 1, got %llu", Number{arrays.rows}));
  }
  if (arrays.columns == 0 || arrays.columns > UINT32_MAX) {
    throw Error(NRW_FORMAT, where + format("columns: must be 1 to 2^32 - 1, got %llu", Number{arrays.columns}));
  }
}

ChunkInfo info_of(const MatrixArrays& arrays, const std::string& where) {
  check_shape(arrays, where);
  ChunkInfo info;
  info.rows = arrays.rows;
  info.columns = arrays.columns;
  info.data_type = arrays.data_type;
  info.dense = arrays.dense;
  if (arrays.dense) {
    info.nnz = arrays.rows * arrays.columns;  // both below 2^32
    require_count(where, "values", arrays.data, arrays.data_type, info.nnz, "rows x columns");
    return info;
  }
  for (const auto& [name, type] : {std::pair{"indices", arrays.indices_type}, {"indptr", arrays.indptr_type}}) {
    if (!is_index_type(type)) {
      throw Error(NRW_FORMAT, where + format("%s: type: must be an integer of 32 or 64 bits", name));
    }
  }
  const uint64_t size = size_of(arrays.data_type);
  info.nnz = arrays.data.size() / size;
  info.indices_type = arrays.indices_type;
  info.indptr_type = arrays.indptr_type;
  if (arrays.data.size() % size != 0) {
    throw Error(NRW_FORMAT, where + format("data: length: must be whole values of %llu bytes, got %llu bytes",
                                           Number{size}, Number{arrays.data.size()}));
  }
  require_count(where, "indices", arrays.indices, arrays.indices_type, info.nnz, "the length of data");
  require_count(where, "indptr", arrays.indptr, arrays.indptr_type, arrays.rows + 1, "rows + 1");
  return info;
}

}  // namespace

std::shared_ptr<const Chunk> Chunk::from_arrays(const MatrixArrays& arrays) {
  const std::shared_ptr<Chunk> chunk(new Chunk);
  chunk->path_ = arrays.name;
  chunk->in_memory_ = true;
  chunk->info_ = info_of(arrays, shown_path(arrays.name) + ": ");
  const std::span<const uint8_t> parts[] = {arrays.data, arrays.indices, arrays.indptr};
  uint64_t bytes = 0;
  for (const auto& part : parts) bytes += padded(part.size());
  chunk->inflated_ = Mapping::anonymous(std::max<uint64_t>(bytes, 1));
  chunk->info_.bytes_held = bytes;
  uint8_t* next = chunk->inflated_.data();
  const auto copied = [&](std::span<const uint8_t> part) {
    uint8_t* const begin = next;
    std::copy(part.begin(), part.end(), begin);
    next += padded(part.size());
    return begin;
  };
  chunk->data_ = copied(arrays.data);
  if (arrays.dense) return chunk;
  chunk->indices_ = copied(arrays.indices);
  chunk->indptr_ = copied(arrays.indptr);
  chunk->wide_indices_ = size_of(arrays.indices_type) == 8;
  chunk->wide_indptr_ = size_of(arrays.indptr_type) == 8;
  chunk->check_structure(chunk->columns_within({chunk->indices_, arrays.indices.size()}));
  return chunk;
}

}  // namespace nrw
