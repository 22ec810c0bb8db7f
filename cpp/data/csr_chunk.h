// A read-only matrix in compressed sparse rows (CSR), whose arrays are mapped from a file, inflated from it or copied
// from a caller's memory; or a dense matrix, which is mapped or copied.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/status.h"
#include "data/element_type.h"
#include "data/mapping.h"

namespace nrw {

struct CsrNpz;

// rows x columns with nnz stored entries. Row r has entries [begin(r), begin(r + 1)) of data and indices.
struct ChunkInfo {
  uint64_t rows = 0, columns = 0;  // both below 2^32
  uint64_t nnz = 0;
  ElementType data_type = ElementType::kF32;
  ElementType indices_type = ElementType::kI32, indptr_type = ElementType::kI32;  // 32 or 64 bits wide
  uint32_t mapped = 0;      // the number of the three arrays that are in the mapped file
  uint64_t bytes_held = 0;  // allocated for the others
  bool dense = false;       // data is rows x columns, nnz = rows * columns; there are no indices and row pointers
};

// A matrix in a caller's memory. For a dense one `dense` is set, and there are no indices and row pointers.
struct MatrixArrays {
  std::string name;  // used in messages instead of a file's path
  uint64_t rows = 0, columns = 0;
  bool dense = false;
  ElementType data_type = ElementType::kF32, indices_type = ElementType::kI32, indptr_type = ElementType::kI32;
  std::span<const uint8_t> data, indices, indptr;
};

// Rows of a dense matrix that lie in a file, one after another, little-endian.
struct MatrixPlace {
  uint64_t offset = 0;  // of the first value, in bytes
  uint64_t rows = 0, columns = 0;
  ElementType type = ElementType::kF32;
  uint64_t first_row = 0;  // the number that messages give the first row
  bool whole = false;      // whether most rows will be used soon, so that all pages are read at once
};

class Chunk {
 public:
  // Opens a .npy file of a dense matrix (data/npy_chunk.cpp), or a file of scipy.sparse.save_npz and checks all of it:
  // sizes, checksums, the CSR structure. At most budget_bytes (0: no limit) are allocated. Throws NRW_IO, NRW_FORMAT,
  // NRW_OUT_OF_MEMORY.
  static std::shared_ptr<const Chunk> open(const std::string& path, uint64_t budget_bytes);
  // The same from bytes in memory, which `owner` keeps alive. With an empty owner the caller keeps them alive.
  static std::shared_ptr<const Chunk> from_archive(std::span<const uint8_t> archive, Mapping owner,
                                                   const std::string& path, uint64_t budget_bytes);
  // A dense matrix from the bytes of a .npy file. Throws NRW_FORMAT.
  static std::shared_ptr<const Chunk> from_npy(std::span<const uint8_t> file, Mapping owner, const std::string& path);
  // Maps a matrix that lies in a file of any format (data/matrix_chunk.cpp). Throws NRW_IO, NRW_FORMAT where the file
  // is too short for it.
  static std::shared_ptr<const Chunk> open_matrix(const std::string& path, const MatrixPlace& place);
  // A copy of arrays in memory (data/memory_chunk.cpp), checked as a file's are. Throws NRW_FORMAT, NRW_OUT_OF_MEMORY.
  static std::shared_ptr<const Chunk> from_arrays(const MatrixArrays& arrays);
  // The headers alone, without reading data or indices: mapped and bytes_held are 0.
  static ChunkInfo peek(const std::string& path);
  // The CRC-32 of data, indices and indptr from the directory of the archive. Throws NRW_INVALID_ARGUMENT for a dense
  // file.
  static std::array<uint32_t, 3> checksums(const std::string& path);

  const ChunkInfo& info() const noexcept { return info_; }
  bool dense() const noexcept { return info_.dense; }
  const std::string& path() const noexcept { return path_; }
  // What messages call row r.
  uint64_t shown_row(uint64_t r) const noexcept { return first_row_ + r; }
  // Whether the file became shorter while it was mapped. What has been read since then may be zeros.
  bool cut_short() const noexcept { return file_.watch().is_cut_short(); }
  // The name of an array in messages: the member of the file, or the argument that was copied.
  std::string array_name(const char* array) const { return in_memory_ ? array : std::string(array) + ".npy"; }

  // These may be unaligned and are read with load().
  const uint8_t* data() const noexcept { return data_; }
  const uint8_t* indices() const noexcept { return indices_; }
  const uint8_t* indptr() const noexcept { return indptr_; }

  // r is in [0, rows]. Indices and row pointers have been checked, so signed ones can be read as unsigned.
  uint64_t begin(uint64_t r) const noexcept {
    return wide_indptr_ ? load<uint64_t>(indptr_, r) : load<uint32_t>(indptr_, r);
  }
  bool wide_indices() const noexcept { return wide_indices_; }
  // The number of entries of row r. Throws changed() if the row pointers are not those that were checked.
  uint64_t stored(uint64_t r) const;
  // The error NRW_IO: the file was changed or became shorter while it was mapped.
  Error changed() const;

 private:
  Chunk() = default;
  // Whether every column index is within the shape.
  bool take_arrays(const CsrNpz& csr, uint64_t budget_bytes);
  bool columns_within(std::span<const uint8_t> indices) const noexcept;
  void check_structure(bool columns_within) const;

  std::string path_;
  ChunkInfo info_;
  Mapping file_;      // empty when no array lies in it
  Mapping inflated_;  // the deflated members, or the copied arrays, one after another
  const uint8_t* data_ = nullptr;
  const uint8_t* indices_ = nullptr;
  const uint8_t* indptr_ = nullptr;
  bool wide_indices_ = false, wide_indptr_ = false;
  bool in_memory_ = false;  // copied from a caller's arrays
  uint64_t first_row_ = 0;  // of the file, where it holds the rows of several chunks
};

}  // namespace nrw
