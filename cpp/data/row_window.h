// The rows of one or more chunks, one chunk after another.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "data/csr_chunk.h"

namespace nrw {

class RowWindow {
 public:
  // first_rows: the global row number of the first row of each chunk. Throws NRW_INVALID_ARGUMENT if there is no chunk,
  // if chunks differ in their number of columns, if only some are dense, or if they have more than 2^32 rows together.
  RowWindow(std::vector<std::shared_ptr<const Chunk>> chunks, std::span<const uint64_t> first_rows);

  struct Place {
    const Chunk* chunk;
    uint64_t row;     // in the chunk
    uint64_t global;  // in the data set
  };
  Place at(uint32_t row) const noexcept;

  // A chunk whose file became shorter while it was mapped, or null.
  const Chunk* cut_short() const noexcept;

  uint64_t rows() const noexcept { return starts_.back(); }
  uint32_t columns() const noexcept { return columns_; }
  bool dense() const noexcept { return chunks_[0]->dense(); }

 private:
  std::vector<std::shared_ptr<const Chunk>> chunks_;
  std::vector<uint64_t> first_rows_;
  std::vector<uint64_t> starts_;  // chunks + 1: where each chunk begins in the window
  uint32_t columns_ = 0;
};

}  // namespace nrw
