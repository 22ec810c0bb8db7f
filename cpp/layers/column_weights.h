// Weights that have one row a data column: the sparse input layer (its transpose of PyTorch's out x in) and the output
// layer (PyTorch's own out x in). A column's row is contiguous and aligned, with its moments alongside.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/aligned_buffer.h"

namespace nrw {

struct ColumnWeights {
  uint32_t columns = 0;
  uint32_t width = 0;                     // the other dimension: hidden units
  size_t stride = 0;                      // floats from row to row, >= width, a multiple of 16
  AlignedBuffer<float> value;             // columns x stride; the padding stays 0
  AlignedBuffer<float> moment1, moment2;  // like value, or empty: OptimizerStep::moments()
  float* row(size_t column) noexcept { return value.data() + column * stride; }
  const float* row(size_t column) const noexcept { return value.data() + column * stride; }
};

}  // namespace nrw
