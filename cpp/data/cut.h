// Cuts one sparse batch out of CSR chunks: values become float, rows are put in order, transforms and masking noise are
// applied, and the batch's second order by column is made. One cutter a thread; its buffers are reused.
//
// Rows come out with strictly ascending columns and no zeros. Entries of the same column are added up in double and
// rounded once (as scipy's sum_duplicates; entries of bool are or-ed); integers beyond 2^24 are rounded to float. What
// is zero then, or becomes zero in a transform, is dropped. A value that is not finite is an error.
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
  double mask_rate = 0;  // in [0, 1)
  uint64_t seed = 0;     // seed and epoch key the mask
  uint32_t epoch = 0;
  std::vector<uint32_t> column_map;  // empty, or the batch's column of each column of the chunks: a permutation
};

class Cutter {
 public:
  // The window and the options outlive the cutter.
  Cutter(const RowWindow& window, const CutOptions& options) : window_(window), options_(options) {}

  // rows: of the window. Throws NRW_FORMAT naming file, row and column, NRW_UNSUPPORTED, NRW_OUT_OF_MEMORY.
  void cut(std::span<const uint32_t> rows, Batch& batch);

 private:
  using Place = RowWindow::Place;
  uint64_t reserve(std::span<const uint32_t> rows, Batch& batch) const;
  uint32_t cut_row(const Place& place, uint64_t room, uint32_t* column, float* value);
  [[noreturn]] void refuse(const Place& place, uint32_t column, const Transform& transform) const;
  uint32_t merge_row(const Place& place, uint32_t* column, float* value, uint32_t n);
  void mask(Batch& batch) const noexcept;

  const RowWindow& window_;
  const CutOptions& options_;
  CscBuilder csc_;
  std::vector<uint64_t> keys_;  // column, then position in the row
  std::vector<float> values_;
};

}  // namespace nrw
