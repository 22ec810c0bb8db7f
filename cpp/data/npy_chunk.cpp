#include "data/npy_chunk.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "data/messages.h"
#include "data/npy.h"

namespace nrw {

namespace {

using Number = unsigned long long;  // for messages

std::string shown_shape(const std::vector<uint64_t>& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace

bool is_npy(std::span<const uint8_t> file) noexcept {
  constexpr uint8_t kMagic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  return file.size() >= sizeof kMagic && std::equal(std::begin(kMagic), std::end(kMagic), file.begin());
}

NpyMatrix read_npy_matrix(std::span<const uint8_t> file, const std::string& path) {
  const std::string where = shown_path(path) + ": ";
  const auto require = [&](bool good, const std::string& what) {
    if (!good) throw Error(NRW_FORMAT, where + what);
  };
  const NpyHeader header = parse_npy_header(file, where);
  const ElementType type = element_type(header, where);
  require(header.shape.size() == 2,
          "shape: must be rows x columns, got " + shown_shape(header.shape) +
              (header.shape.size() > 2 ? "; save a.reshape(len(a), -1)" : "; save a[:, None]"));
  const uint64_t rows = header.shape[0], columns = header.shape[1];
  require(rows <= UINT32_MAX && columns <= UINT32_MAX,
          "shape: " + shown_shape(header.shape) + " must have sizes below 2^32");
  require(columns != 0, "shape: " + shown_shape(header.shape) + " has no columns");
  require(!header.fortran_order || rows <= 1 || columns == 1,
          "fortran_order: the array is stored column by column; save numpy.ascontiguousarray(a)");
  uint64_t bytes = 0;
  const bool wraps = __builtin_mul_overflow(header.count(), uint64_t{size_of(type)}, &bytes);
  const uint64_t held = file.size() - header.bytes;
  require(!wraps && bytes == held,
          format("shape: %s of '%s' needs %llu bytes, but the file has %llu", shown_shape(header.shape).c_str(),
                 shown_text(header.descr).c_str(), Number{wraps ? UINT64_MAX : bytes}, Number{held}));
  NpyMatrix matrix;
  matrix.header_bytes = header.bytes;
  matrix.info.rows = rows;
  matrix.info.columns = columns;
  matrix.info.nnz = rows * columns;
  matrix.info.data_type = type;
  matrix.info.dense = true;
  return matrix;
}

std::shared_ptr<const Chunk> Chunk::from_npy(std::span<const uint8_t> file, Mapping owner, const std::string& path) {
  const NpyMatrix matrix = read_npy_matrix(file, path);
  const std::shared_ptr<Chunk> chunk(new Chunk);
  chunk->path_ = path;
  chunk->info_ = matrix.info;
  chunk->info_.mapped = 1;
  chunk->file_ = std::move(owner);
  chunk->data_ = file.data() + matrix.header_bytes;
  return chunk;
}

}  // namespace nrw
