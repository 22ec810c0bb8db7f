// Writes .npz files for tests: every form that scipy, numpy and zip tools make, and broken ones.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/csr_chunk.h"

namespace nrw::test {

using Bytes = std::vector<uint8_t>;

// CSR with values in double; entries are what the file shall hold, in that order.
struct Matrix {
  int64_t rows = 0, columns = 0;
  std::vector<int64_t> indptr{0}, indices;
  std::vector<double> values;
};

// Rows of 0 to 2 * per_row entries, ascending columns, values k / 4 that every type but bool and integers hold exactly.
Matrix random_matrix(uint64_t seed, int64_t rows, int64_t columns, int64_t per_row);

struct Member {
  std::string name;
  Bytes content;
  bool deflated = true;
  bool zip64 = false;       // sizes and offset in a zip64 field
  bool descriptor = false;  // sizes and CRC-32 behind the data, zeros before it
  std::optional<uint32_t> crc32 = std::nullopt;
  std::optional<uint64_t> size = std::nullopt, compressed = std::nullopt;  // declared instead of the real ones
  uint16_t method = 0xFFFF, flags = 0;                                     // 0xFFFF: as `deflated` says
};

// "(3,)"
std::string list_shape(size_t size);
Bytes npy(const std::string& descr, const std::string& shape, const Bytes& values, int version = 1);
Bytes zip(const std::vector<Member>& members, bool zip64_end = false, const std::string& comment = "");

// Values as little-endian elements of a numpy type such as "<i8".
Bytes elements(const std::vector<double>& values, const std::string& descr);

// The five members as save_npz writes them.
std::vector<Member> members_of(const Matrix& matrix, const std::string& data = "<f4",
                               const std::string& indices = "<i4", const std::string& indptr = "<i4",
                               bool deflated = true);

// A chunk of an archive that is kept alive with it.
std::shared_ptr<const Chunk> chunk_of(Bytes archive, uint64_t budget = 0, const char* name = "test.npz");
std::shared_ptr<const Chunk> chunk_of(const Matrix& matrix, const std::string& data = "<f4");

// Opens and frees. Throws what opening throws.
void open_bytes(const Bytes& archive, uint64_t budget = 0);

// The message of the error that opening throws; "" when it throws none.
std::string error_of(const Bytes& archive, uint64_t budget = 0);

}  // namespace nrw::test
