// Batches made in memory, for tests of the network.
#pragma once

#include <algorithm>
#include <vector>

#include "base/batch_source.h"
#include "base/philox.h"

namespace nrw::check {

// A batch from dense rows; `first_row` numbers them.
inline SparseBatch make_batch(const std::vector<std::vector<float>>& rows, uint32_t columns, uint64_t first_row,
                              uint64_t number) {
  SparseBatch batch;
  batch.rows = static_cast<uint32_t>(rows.size());
  batch.columns = columns;
  batch.number = number;
  const auto copy = [](auto& buffer, const auto& values) {
    buffer.reserve(values.size());
    std::copy(values.begin(), values.end(), buffer.begin());
  };
  std::vector<uint32_t> row_ptr{0}, column, touched_col, touched_ptr{0}, csc_row;
  std::vector<float> target, csc_target;
  std::vector<uint64_t> row_id;
  for (const auto& row : rows) {
    for (uint32_t c = 0; c < columns; ++c) {
      if (row[c] == 0) continue;
      column.push_back(c);
      target.push_back(row[c]);
    }
    row_ptr.push_back(static_cast<uint32_t>(column.size()));
    row_id.push_back(first_row + row_id.size());
  }
  for (uint32_t c = 0; c < columns; ++c) {
    for (uint32_t r = 0; r < batch.rows; ++r) {
      if (rows[r][c] == 0) continue;
      csc_row.push_back(r);
      csc_target.push_back(rows[r][c]);
    }
    if (csc_row.size() == touched_ptr.back()) continue;
    touched_col.push_back(c);
    touched_ptr.push_back(static_cast<uint32_t>(csc_row.size()));
  }
  batch.touched = static_cast<uint32_t>(touched_col.size());
  copy(batch.row_ptr, row_ptr);
  copy(batch.column, column);
  copy(batch.target, target);
  copy(batch.row_id, row_id);
  copy(batch.touched_col, touched_col);
  copy(batch.touched_ptr, touched_ptr);
  copy(batch.csc_row, csc_row);
  copy(batch.csc_target, csc_target);
  return batch;
}

inline void weigh(Batch& batch, const std::vector<float>& weights) {
  batch.weighted = true;
  batch.row_weight.reserve(weights.size());
  std::copy(weights.begin(), weights.end(), batch.row_weight.begin());
}

class MemorySource final : public BatchSource {
 public:
  MemorySource(std::vector<std::vector<float>> rows, uint32_t batch_size) {
    columns_ = static_cast<uint32_t>(rows.front().size());
    for (size_t first = 0; first < rows.size(); first += batch_size) {
      const size_t end = std::min(rows.size(), first + batch_size);
      batches_.push_back(make_batch({rows.begin() + static_cast<long>(first), rows.begin() + static_cast<long>(end)},
                                    columns_, first, batches_.size()));
    }
  }
  // `density` of the values are not 0, in (0, 2).
  static MemorySource random(uint32_t rows, uint32_t columns, double density, uint32_t batch_size) {
    std::vector<std::vector<float>> all(rows, std::vector<float>(columns));
    for (uint32_t r = 0; r < rows; ++r) {
      for (uint32_t c = 0; c < columns; ++c) {
        const auto words = draw(99, Purpose::kShuffle, r, c);
        if (uniform(words[0]) < density) all[r][c] = 2 * uniform(words[1]) + 0.01f;
      }
    }
    return MemorySource(std::move(all), batch_size);
  }

  const Batch* next() override { return next_ < batches_.size() ? &batches_[next_++] : nullptr; }
  double waited_ms() const noexcept override { return 0; }
  uint64_t total() const noexcept override { return batches_.size(); }
  uint64_t position() const noexcept override { return next_; }
  uint32_t columns() const noexcept override { return columns_; }
  void rewind() { next_ = 0; }
  SparseBatch& batch(size_t number) { return batches_[number]; }

 private:
  std::vector<SparseBatch> batches_;
  size_t next_ = 0;
  uint32_t columns_ = 0;
};

}  // namespace nrw::check
