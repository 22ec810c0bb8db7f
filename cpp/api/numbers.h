// Counts that the C interface passes as doubles.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/status.h"

namespace nrw::api {

// A whole number from 0 to 2^53. Throws NRW_INVALID_ARGUMENT, which names the argument.
inline uint64_t whole(double value, const char* name) {
  if (!(value >= 0 && value <= 0x1.0p53) || value != std::floor(value)) {
    throw Error(NRW_INVALID_ARGUMENT, format("%s: must be a whole number from 0 to 2^53, got %g", name, value));
  }
  return static_cast<uint64_t>(value);
}

}  // namespace nrw::api
