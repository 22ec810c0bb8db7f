// A dense matrix in a .npy file: rows x columns, of any numeric type, in C order.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/csr_chunk.h"

namespace nrw {

// Whether a file begins like a .npy array.
bool is_npy(std::span<const uint8_t> file) noexcept;

struct NpyMatrix {
  ChunkInfo info;           // dense; nothing mapped
  size_t header_bytes = 0;  // where the values begin
};

// Reads the header and checks it against the size of the file, without reading the values. `path` is for messages.
// Throws NRW_FORMAT.
NpyMatrix read_npy_matrix(std::span<const uint8_t> file, const std::string& path);

}  // namespace nrw
