// The header of a .npy file (numpy.lib.format, versions 1.0, 2.0 and 3.0), parsed strictly.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/element_type.h"

namespace nrw {

struct NpyHeader {
  std::string descr;           // such as "<f4"
  bool fortran_order = false;  // without meaning for arrays of at most one dimension
  std::vector<uint64_t> shape;
  size_t bytes = 0;  // of the header: where the values begin

  uint64_t count() const;  // product of the shape, 1 without dimensions; at most 2^64 - 1
};

// `start`: the member's first bytes, at least 10,000 or all. Throws NRW_FORMAT with `where` (path and member) in front.
NpyHeader parse_npy_header(std::span<const uint8_t> start, const std::string& where);

// The element type of a numeric array. Big-endian, complex, object and structured arrays are refused (NRW_FORMAT): a
// matrix is converted once when it is saved, not each time it is read.
ElementType element_type(const NpyHeader& header, const std::string& where);

}  // namespace nrw
