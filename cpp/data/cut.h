// Makes one sparse batch from CSR chunks: converts values to float, sorts the entries of each row, applies transforms
// and masking noise, and makes the order by column. An input is 0 where its target is. Each thread has one cutter,
// whose buffers are reused.
//
// The rows have strictly ascending columns and no zeros. Entries of the same column are added up in double and rounded
// once, as by scipy's sum_duplicates; bool entries are combined with or. Integers beyond 2^24 are rounded to float.
// Values that are zero before or after a transform are dropped. A value that is not finite is an error.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/batch.h"
#include "data/csc.h"
#include "data/row_window.h"
#include "data/transform.h"

namespace nrw {

struct CutOptions {
  std::vector<Transform> transforms;
  std::vector<Transform> input_transforms;  // after these, of the input only
  double mask_rate = 0;                     // in [0, 1)
  uint64_t seed = 0;                        // seed and epoch key the mask
  uint32_t epoch = 0;
  std::vector<uint32_t> column_map;  // empty, or the batch's column of each column of the chunks: a permutation

  bool own_inputs() const noexcept { return mask_rate > 0 || !input_transforms.empty(); }
};

class Cutter {
 public:
  // The window and the options must outlive the cutter.
  Cutter(const RowWindow& window, const CutOptions& options) : window_(window), options_(options) {}

  // rows: row numbers of the window. Throws NRW_FORMAT, which names file, row and column, NRW_UNSUPPORTED or
  // NRW_OUT_OF_MEMORY.
  void cut(std::span<const uint32_t> rows, SparseBatch& batch);

 private:
  using Place = RowWindow::Place;
  uint64_t reserve(std::span<const uint32_t> rows, SparseBatch& batch) const;
  uint32_t cut_row(const Place& place, uint64_t room, uint32_t* column, float* value);
  [[noreturn]] void refuse(const Place& place, uint32_t column, const Transform& transform) const;
  uint32_t merge_row(const Place& place, uint32_t* column, float* value, uint32_t n);
  void transform_inputs(const Place& place, const uint32_t* column, uint32_t n, float* input) const;
  void mask(SparseBatch& batch) const noexcept;

  const RowWindow& window_;
  const CutOptions& options_;
  CscBuilder csc_;
  std::vector<uint64_t> keys_;  // column, then position in the row
  std::vector<float> values_;
};

}  // namespace nrw
