// A dense matrix within a file, of which the caller knows where it lies.
#include <utility>

#include "base/status.h"
#include "data/csr_chunk.h"
#include "data/messages.h"

namespace nrw {

std::shared_ptr<const Chunk> Chunk::open_matrix(const std::string& path, const MatrixPlace& place) {
  using Number = unsigned long long;
  Mapping file = Mapping::of_file(path);
  const auto [offset, rows, columns, type, first_row, whole] = place;
  const std::string where = shown_path(path) + ": ";
  if (rows > UINT32_MAX || columns > UINT32_MAX || columns == 0) {
    throw Error(NRW_FORMAT, where + format("shape: %llu x %llu must have sizes below 2^32, and columns", Number{rows},
                                           Number{columns}));
  }
  uint64_t bytes = 0, end = 0;  // both sizes are below 2^32, so their product does not wrap
  if (__builtin_mul_overflow(rows * columns, uint64_t{size_of(type)}, &bytes) ||
      __builtin_add_overflow(offset, bytes, &end) || end > file.size()) {
    throw Error(NRW_FORMAT, where + format("%llu x %llu values from byte %llu on are more than its %llu bytes hold",
                                           Number{rows}, Number{columns}, Number{offset}, Number{file.size()}));
  }
  const std::shared_ptr<Chunk> chunk(new Chunk);
  chunk->path_ = path;
  chunk->info_.rows = rows;
  chunk->info_.columns = columns;
  chunk->info_.nnz = rows * columns;
  chunk->info_.data_type = type;
  chunk->info_.dense = true;
  chunk->info_.mapped = 1;
  chunk->data_ = file.data() + offset;
  chunk->first_row_ = first_row;
  if (whole) Mapping::expect({chunk->data_, bytes});
  chunk->file_ = std::move(file);
  return chunk;
}

}  // namespace nrw
