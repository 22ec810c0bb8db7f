// One batch as the network gets it. For sparse data the target is sparse too: values that are not listed are 0. For
// dense data it is a dense matrix, stored by column.
#pragma once

#include <cstdint>

#include "base/aligned_buffer.h"

namespace nrw {

// Sparse: rows x columns in CSR with strictly ascending columns in each row, and the same entries by column (CSC over
// the touched columns only). Worker threads make both, so that training never sorts. Dense: csc_target and csc_input
// hold whole columns, with value (row, column) at [column * dense_stride() + row], and the other arrays of entries are
// not used.
struct Batch {
  uint32_t rows = 0;
  uint32_t columns = 0;
  uint64_t number = 0;  // the batch's number within its creator

  AlignedBuffer<uint32_t> row_ptr;  // rows + 1
  AlignedBuffer<uint32_t> column;   // nnz
  AlignedBuffer<float> target;      // nnz
  AlignedBuffer<float> input;       // nnz: target after transforms and noise of its own; empty without (inputs())
  AlignedBuffer<uint64_t> row_id;   // rows: global row number, the key of random draws
  AlignedBuffer<float> row_weight;  // rows: what a row counts for in the loss; in use where `weighted`
  bool weighted = false;
  AlignedBuffer<uint32_t> row_category;  // rows; in use where `categorised`
  bool categorised = false;
  const float* row_weights() const noexcept { return weighted ? row_weight.data() : nullptr; }
  const uint32_t* row_categories() const noexcept { return categorised ? row_category.data() : nullptr; }

  uint32_t touched = 0;                 // columns with at least one entry
  AlignedBuffer<uint32_t> touched_col;  // touched, ascending
  AlignedBuffer<uint32_t> touched_ptr;  // touched + 1
  AlignedBuffer<uint32_t> csc_row;      // nnz, ascending within a column
  AlignedBuffer<float> csc_target;      // nnz
  AlignedBuffer<float> csc_input;       // nnz, or empty like input

  bool dense = false;
  // The number of floats from one column of a dense batch to the next. It is an odd number of cache lines, so that
  // neighbouring columns use all sets of a cache. Short columns are not padded.
  static size_t stride_of(size_t rows) noexcept { return rows <= 32 ? rows : (rows + 31) / 32 * 32 + 16; }
  size_t dense_stride() const noexcept { return stride_of(rows); }

  // The buffers are reused and may be longer than the batch needs. These functions give the part that is in use.
  uint32_t nnz() const noexcept { return rows == 0 ? 0 : dense ? rows * columns : row_ptr[rows]; }
  bool masked = false;  // whether inputs are not the targets: input and csc_input are in use
  const float* inputs() const noexcept { return masked ? input.data() : target.data(); }
  const float* csc_inputs() const noexcept { return masked ? csc_input.data() : csc_target.data(); }
};

}  // namespace nrw
