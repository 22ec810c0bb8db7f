#include "data/row_window.h"

#include <algorithm>

#include "base/status.h"
#include "data/messages.h"

namespace nrw {

RowWindow::RowWindow(std::vector<std::shared_ptr<const Chunk>> chunks, std::span<const uint64_t> first_rows)
    : chunks_(std::move(chunks)), first_rows_(first_rows.begin(), first_rows.end()) {
  if (chunks_.empty()) throw Error(NRW_INVALID_ARGUMENT, "chunks: at least one is needed");
  if (first_rows_.size() != chunks_.size()) {
    throw Error(NRW_INVALID_ARGUMENT, "row offsets: one is needed for each chunk");
  }
  columns_ = static_cast<uint32_t>(chunks_[0]->info().columns);
  starts_.push_back(0);
  for (const auto& chunk : chunks_) {
    if (chunk->info().columns != columns_) {
      throw Error(NRW_INVALID_ARGUMENT,
                  format("%s: has %llu columns, but the chunk before it has %u", shown_path(chunk->path()).c_str(),
                         static_cast<unsigned long long>(chunk->info().columns), columns_));
    }
    if (chunk->dense() != dense()) {
      throw Error(NRW_INVALID_ARGUMENT,
                  format("%s: dense arrays and sparse matrices cannot be mixed", shown_path(chunk->path()).c_str()));
    }
    starts_.push_back(starts_.back() + chunk->info().rows);
  }
  if (rows() > uint64_t{1} << 32) throw Error(NRW_INVALID_ARGUMENT, "chunks: have more than 2^32 rows together");
}

const Chunk* RowWindow::cut_short() const noexcept {
  for (const auto& chunk : chunks_) {
    if (chunk->cut_short()) return chunk.get();
  }
  return nullptr;
}

RowWindow::Place RowWindow::at(uint32_t row) const noexcept {
  // The last chunk that begins at or before the row. Chunks without rows are skipped.
  const auto after = std::upper_bound(starts_.begin(), starts_.end() - 1, uint64_t{row});
  const size_t chunk = static_cast<size_t>(after - starts_.begin()) - 1;
  const uint64_t local = row - starts_[chunk];
  return {chunks_[chunk].get(), local, first_rows_[chunk] + local};
}

}  // namespace nrw
