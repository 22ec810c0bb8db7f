// Cuts one dense batch out of dense chunks: values become float, transforms and masking noise are applied, and rows
// become columns (base/batch.h). One cutter a thread; its buffers are reused. A value that is not finite is an error.
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
  // The window and the options outlive the cutter.
  DenseCutter(const RowWindow& window, const CutOptions& options) : window_(window), options_(options) {}

  // rows: of the window. Throws NRW_FORMAT naming file, row and column, NRW_UNSUPPORTED, NRW_OUT_OF_MEMORY.
  void cut(std::span<const uint32_t> rows, Batch& batch);

 private:
  void cut_row(const RowWindow::Place& place, float* value);
  void mask(uint64_t row_id, float* value) const noexcept;

  const RowWindow& window_;
  const CutOptions& options_;
  std::vector<float> block_;  // some rows
  std::vector<float> moved_;  // a row in the order of its file, where there is a column map
};

}  // namespace nrw
