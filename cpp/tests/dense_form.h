// A sparse batch as a dense one: every value there, by column (base/batch.h).
#pragma once

#include <algorithm>

#include "base/batch.h"

namespace nrw::check {

inline DenseBatch dense_form(const Batch& any) {
  const SparseBatch& sparse = any.sparse();
  DenseBatch dense;
  dense.rows = sparse.rows;
  dense.columns = sparse.columns;
  dense.number = sparse.number;
  dense.masked = sparse.masked;
  const size_t stride = dense.stride();
  const auto spread = [&](const float* values, AlignedBuffer<float>& out) {
    out = AlignedBuffer<float>(sparse.columns * stride);
    out.zero();
    for (uint32_t row = 0; row < sparse.rows; ++row) {
      for (uint32_t k = sparse.row_ptr[row]; k < sparse.row_ptr[row + 1]; ++k) {
        out[sparse.column[k] * stride + row] = values[k];
      }
    }
  };
  spread(sparse.target.data(), dense.target);
  if (sparse.masked) spread(sparse.input.data(), dense.input);
  dense.row_id = AlignedBuffer<uint64_t>(sparse.row_id.size());
  std::copy_n(sparse.row_id.data(), sparse.row_id.size(), dense.row_id.data());
  dense.weighted = sparse.weighted;
  dense.row_weight = AlignedBuffer<float>(sparse.row_weight.size());
  std::copy_n(sparse.row_weight.data(), sparse.row_weight.size(), dense.row_weight.data());
  return dense;
}

// One of the two forms of a batch.
inline const Batch& form_of(bool dense, const DenseBatch& one, const Batch& other) {
  return dense ? static_cast<const Batch&>(one) : other;
}

}  // namespace nrw::check
