// The values of a chunk as floats: the loops that every value of dense rows passes, which are vectors of the processor.
#pragma once

#include <cstddef>
#include <cstdint>

#include "data/element_type.h"

namespace nrw {

// out (n) = the n values at `from`, each as static_cast<float> makes it. Returns whether all of them are finite floats;
// where one is not, `out` may hold anything. The arrays do not overlap, and `from` need not be aligned.
bool to_floats(ElementType type, const uint8_t* from, size_t n, float* out) noexcept;

// out[column * stride + row] = in[row * columns + column] for `rows` rows. The arrays do not overlap. It is fastest for
// kTransposedRows of them, which give one cache line of each column.
constexpr size_t kTransposedRows = 16;
void to_columns(size_t rows, size_t columns, const float* in, size_t stride, float* out) noexcept;

}  // namespace nrw
