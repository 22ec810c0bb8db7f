// Makes one dense batch from dense chunks: converts values to float, applies transforms and masking noise, and
// transposes the rows to columns (base/batch.h). Each thread has one cutter, whose buffers are reused. A value that is
// not finite is an error.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/batch.h"
#include "data/cut.h"
#include "data/row_window.h"

namespace nrw {

class DenseCutter {
 public:
  // The window and the options must outlive the cutter.
  DenseCutter(const RowWindow& window, const CutOptions& options) : window_(window), options_(options) {}

  // rows: row numbers of the window. Throws NRW_FORMAT, which names file, row and column, NRW_UNSUPPORTED or
  // NRW_OUT_OF_MEMORY.
  void cut(std::span<const uint32_t> rows, DenseBatch& batch);

 private:
  void cut_row(const RowWindow::Place& place, float* value);
  // list: 0 for the transforms of target and input, 1 for those of the input only. map: the place in `value` of each
  // column of the file, where it is another.
  void transform(const RowWindow::Place& place, uint32_t list, std::span<const uint32_t> map, float* value);
  void mask(uint64_t row_id, float* value) const noexcept;

  const RowWindow& window_;
  const CutOptions& options_;
  std::vector<float> block_;  // some rows
  std::vector<float> room_;   // of random transforms
  std::vector<float> moved_;  // a row in the order of its file, used if there is a column map
};

}  // namespace nrw
