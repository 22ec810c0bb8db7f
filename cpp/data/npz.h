// The layout of a CSR matrix in a file of scipy.sparse.save_npz: an archive of data.npy, indices.npy, indptr.npy,
// shape.npy and format.npy.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/element_type.h"
#include "data/zip.h"

namespace nrw {

struct NpzArray {
  ZipMember member;
  ElementType type = ElementType::kF32;
  uint64_t count = 0;
  size_t header_bytes = 0;  // of the member, before the values
};

struct CsrNpz {
  uint64_t rows = 0, columns = 0;  // both below 2^32
  NpzArray data, indices;          // nnz
  NpzArray indptr;                 // rows + 1
};

// Reads the headers and checks that they agree with each other and with the sizes of the members, without reading the
// arrays. `path` is for messages. Throws NRW_FORMAT with a message `path: member: field: ...`.
CsrNpz read_csr_npz(std::span<const uint8_t> archive, const std::string& path);

}  // namespace nrw
