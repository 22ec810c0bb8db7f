// One batch as the network gets it: a SparseBatch or a DenseBatch. Of sparse data the targets are sparse too: values
// that are not listed are 0.
#pragma once

#include <cassert>
#include <cstdint>

#include "base/aligned_buffer.h"

namespace nrw {

struct SparseBatch;
struct DenseBatch;

// The targets that a batch holds of one column.
struct StoredColumn {
  uint32_t column = 0;
  size_t count = 0;
  const float* target = nullptr;  // count
  const uint32_t* row = nullptr;  // count, ascending; NULL: of every row, in order
};

// What batches of both kinds have. The buffers are reused and may be longer than the batch needs.
struct Batch {
  enum class Kind : uint8_t { kSparse, kDense };

  explicit Batch(Kind of) noexcept : kind(of) {}
  Batch(Batch&&) noexcept = default;
  Batch& operator=(Batch&&) noexcept = default;
  virtual ~Batch() = default;

  Kind kind;
  uint32_t rows = 0;
  uint32_t columns = 0;
  uint64_t number = 0;  // the batch's number within its creator

  AlignedBuffer<uint64_t> row_id;   // rows: global row number, the key of random draws
  AlignedBuffer<float> row_weight;  // rows: what a row counts for in the loss; in use where `weighted`
  bool weighted = false;
  AlignedBuffer<uint32_t> row_category;  // rows; in use where `categorised`
  bool categorised = false;
  bool masked = false;  // whether inputs are not the targets: after transforms and noise of their own
  const float* row_weights() const noexcept { return weighted ? row_weight.data() : nullptr; }
  const uint32_t* row_categories() const noexcept { return categorised ? row_category.data() : nullptr; }

  bool is_dense() const noexcept { return kind == Kind::kDense; }
  // Of a batch that is one.
  const SparseBatch& sparse() const noexcept;
  SparseBatch& sparse() noexcept;
  const SparseBatch* if_sparse() const noexcept;  // NULL of a dense batch
  const DenseBatch& dense() const noexcept;
  DenseBatch& dense() noexcept;

  // Values that are stored.
  virtual uint32_t nnz() const noexcept = 0;
  // Bytes of all buffers.
  virtual size_t bytes() const noexcept { return row_id.bytes() + row_weight.bytes() + row_category.bytes(); }
  // The columns of which values are stored: [0, stored_columns()), ascending.
  size_t stored_columns() const noexcept;
  StoredColumn stored(size_t at) const noexcept;
};

// CSR with strictly ascending columns in each row, and the same entries by column (CSC over the touched columns only).
// Worker threads make both, so that training never sorts.
struct SparseBatch final : Batch {
  SparseBatch() noexcept : Batch(Kind::kSparse) {}

  AlignedBuffer<uint32_t> row_ptr;  // rows + 1
  AlignedBuffer<uint32_t> column;   // nnz
  AlignedBuffer<float> target;      // nnz
  AlignedBuffer<float> input;       // nnz; in use where `masked`

  uint32_t touched = 0;                 // columns with at least one entry
  AlignedBuffer<uint32_t> touched_col;  // touched, ascending
  AlignedBuffer<uint32_t> touched_ptr;  // touched + 1
  AlignedBuffer<uint32_t> csc_row;      // nnz, ascending within a column
  AlignedBuffer<float> csc_target;      // nnz
  AlignedBuffer<float> csc_input;       // nnz; in use where `masked`

  uint32_t nnz() const noexcept override { return rows == 0 ? 0 : row_ptr[rows]; }
  size_t bytes() const noexcept override {
    return Batch::bytes() + row_ptr.bytes() + column.bytes() + target.bytes() + input.bytes() + touched_col.bytes() +
           touched_ptr.bytes() + csc_row.bytes() + csc_target.bytes() + csc_input.bytes();
  }
  const float* inputs() const noexcept { return masked ? input.data() : target.data(); }
  const float* csc_inputs() const noexcept { return masked ? csc_input.data() : csc_target.data(); }
};

// Whole columns: value (row, column) is at [column * stride() + row].
struct DenseBatch final : Batch {
  DenseBatch() noexcept : Batch(Kind::kDense) {}

  AlignedBuffer<float> target;  // columns * stride()
  AlignedBuffer<float> input;   // the same; in use where `masked`

  // The number of floats from one column to the next. It is an odd number of cache lines, so that neighbouring columns
  // use all sets of a cache. Short columns are not padded.
  static size_t stride_of(size_t rows) noexcept { return rows <= 32 ? rows : (rows + 31) / 32 * 32 + 16; }
  size_t stride() const noexcept { return stride_of(rows); }

  uint32_t nnz() const noexcept override { return rows * columns; }
  size_t bytes() const noexcept override { return Batch::bytes() + target.bytes() + input.bytes(); }
  const float* inputs() const noexcept { return masked ? input.data() : target.data(); }
  const float* targets_of(size_t at) const noexcept { return target.data() + at * stride(); }
};

inline const SparseBatch& Batch::sparse() const noexcept {
  assert(!is_dense());
  return static_cast<const SparseBatch&>(*this);
}
inline SparseBatch& Batch::sparse() noexcept {
  assert(!is_dense());
  return static_cast<SparseBatch&>(*this);
}
inline const SparseBatch* Batch::if_sparse() const noexcept { return is_dense() ? nullptr : &sparse(); }
inline const DenseBatch& Batch::dense() const noexcept {
  assert(is_dense());
  return static_cast<const DenseBatch&>(*this);
}
inline DenseBatch& Batch::dense() noexcept {
  assert(is_dense());
  return static_cast<DenseBatch&>(*this);
}

inline size_t Batch::stored_columns() const noexcept { return is_dense() ? columns : sparse().touched; }

inline StoredColumn Batch::stored(size_t at) const noexcept {
  if (is_dense()) return {static_cast<uint32_t>(at), rows, dense().targets_of(at), nullptr};
  const SparseBatch& own = sparse();
  const size_t begin = own.touched_ptr[at], count = own.touched_ptr[at + 1] - begin;
  return {own.touched_col[at], count, own.csc_target.data() + begin, own.csc_row.data() + begin};
}

}  // namespace nrw
