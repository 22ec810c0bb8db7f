// Single values of a chunk, and the error for values that cannot be used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "data/csr_chunk.h"

namespace nrw {

// A stored value before it is rounded to float.
double value_at(const Chunk& chunk, uint64_t index) noexcept;

bool all_finite(const float* value, size_t n) noexcept;
// The index of the first value that is not finite; there must be one.
uint32_t first_non_finite(const float* value) noexcept;

// Throws NRW_FORMAT: file, row, column, value, and what is wrong.
[[noreturn]] void refuse_value(const Chunk& chunk, uint64_t row, uint32_t column, double value,
                               const std::string& what);

}  // namespace nrw
