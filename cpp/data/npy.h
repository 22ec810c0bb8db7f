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
  bool fortran_order = false;  // has no meaning for arrays with fewer than two dimensions
  std::vector<uint64_t> shape;
  size_t bytes = 0;  // the size of the header, after which the values begin

  uint64_t count() const;  // product of the shape, 1 without dimensions; at most 2^64 - 1
};

// start: the first bytes of the member, at least 10,000 of them or all. Throws NRW_FORMAT, whose message begins with
// `where` (path and member).
NpyHeader parse_npy_header(std::span<const uint8_t> start, const std::string& where);

// The element type of a numeric array. Throws NRW_FORMAT for big-endian, complex, object and structured arrays, since
// it is better to convert a matrix once when it is saved than each time it is read.
ElementType element_type(const NpyHeader& header, const std::string& where);

}  // namespace nrw
