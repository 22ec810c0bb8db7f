// Rows of W, and of its moments, that are visited in rising order and may lie far apart.
#pragma once

#include "base/batch.h"
#include "layers/column_weights.h"

namespace nrw {

inline constexpr size_t kPiece = 128;  // floats of a row worked on at a time

// Prefetches rows that are far apart, which the hardware cannot predict. If most columns are touched, it can.
inline bool scattered(const SparseBatch& batch) noexcept { return 2 * size_t{batch.touched} < batch.columns; }

// n floats of W and its moments. A row at a time would be more lines than can be on their way at once, and the
// arithmetic behind it would wait: so kPiece floats of the next row go with each kPiece of this one.
inline void prefetch(const ColumnWeights& w, size_t at, size_t n) noexcept {
  for (const AlignedBuffer<float>* array : {&w.value, &w.moment1, &w.moment2}) {
    if (array->size() == 0) continue;
    for (size_t k = 0; k < n; k += 16) __builtin_prefetch(array->data() + at + k);
  }
}

}  // namespace nrw
