// One batch as the loader hands it to the network. Of sparse data the target is sparse, too: what is not listed is 0.
// Of dense data it is a dense matrix, by column.
#pragma once

#include <cstdint>

#include "base/aligned_buffer.h"

namespace nrw {

// Sparse: rows x columns in CSR, columns strictly ascending within a row, and the same entries once more by column (CSC
// over the touched columns only). Both are cut by the loader's workers, so that training never sorts. Dense: csc_target
// and csc_input hold whole columns, value (row, column) at [column * dense_stride() + row], and the other arrays of
// entries are not in use.
struct Batch {
  uint32_t rows = 0;
  uint32_t columns = 0;
  uint64_t number = 0;  // the batch's number within its creator

  AlignedBuffer<uint32_t> row_ptr;  // rows + 1
  AlignedBuffer<uint32_t> column;   // nnz
  AlignedBuffer<float> target;      // nnz
  AlignedBuffer<float> input;       // nnz: target after masking noise; empty when there is none (read inputs())
  AlignedBuffer<uint64_t> row_id;   // rows: global row number, the key of random draws

  uint32_t touched = 0;                 // columns with at least one entry
  AlignedBuffer<uint32_t> touched_col;  // touched, ascending
  AlignedBuffer<uint32_t> touched_ptr;  // touched + 1
  AlignedBuffer<uint32_t> csc_row;      // nnz, ascending within a column
  AlignedBuffer<float> csc_target;      // nnz
  AlignedBuffer<float> csc_input;       // nnz, or empty like input

  bool dense = false;
  // Floats from column to column of a dense batch: an odd number of cache lines, so that neighbouring columns spread
  // over all sets of a cache; of short columns none are wasted.
  static size_t stride_of(size_t rows) noexcept { return rows <= 32 ? rows : (rows + 31) / 32 * 32 + 16; }
  size_t dense_stride() const noexcept { return stride_of(rows); }

  // The buffers are reused from batch to batch and may be longer than the batch: these tell how much is in use.
  uint32_t nnz() const noexcept { return rows == 0 ? 0 : dense ? rows * columns : row_ptr[rows]; }
  bool masked = false;  // whether input and csc_input are in use
  const float* inputs() const noexcept { return masked ? input.data() : target.data(); }
  const float* csc_inputs() const noexcept { return masked ? csc_input.data() : csc_target.data(); }
};

}  // namespace nrw
