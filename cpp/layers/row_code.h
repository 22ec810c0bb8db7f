// A code of few values a row: for each row the units that are not 0, rising, with their values. The gradients to the
// values lie beside them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/aligned_buffer.h"

namespace nrw {

struct RowCode {
  size_t rows = 0, capacity = 0;        // values of a row, at most
  AlignedBuffer<uint32_t> count;        // rows
  AlignedBuffer<uint32_t> unit;         // rows x capacity
  AlignedBuffer<float> value, d_value;  // rows x capacity

  void reserve(size_t most_rows, size_t most) {
    capacity = most;
    count.reserve(most_rows);
    unit.reserve(most_rows * most);
    value.reserve(most_rows * most);
    d_value.reserve(most_rows * most);
  }
  static size_t bytes(size_t most_rows, size_t most) noexcept {
    return most_rows * (most * (sizeof(uint32_t) + 2 * sizeof(float)) + sizeof(uint32_t));
  }
  size_t entries() const noexcept {
    size_t sum = 0;
    for (size_t i = 0; i < rows; ++i) sum += count[i];
    return sum;
  }
};

// The same code by unit: which rows have one, rising, and where in the code its values are.
struct UnitCode {
  AlignedBuffer<uint32_t> begin;  // units + 1: positions in `row`
  AlignedBuffer<uint32_t> row;
  AlignedBuffer<float> value, d_value;

  void reserve(size_t units, size_t most_rows, size_t capacity) {
    begin.reserve(units + 1);
    row.reserve(most_rows * capacity);
    value.reserve(most_rows * capacity);
    d_value.reserve(most_rows * capacity);
  }
  static size_t bytes(size_t units, size_t most_rows, size_t capacity) noexcept {
    return (units + 1) * sizeof(uint32_t) + most_rows * capacity * (sizeof(uint32_t) + 2 * sizeof(float));
  }
  size_t entries(size_t unit) const noexcept { return begin[unit + 1] - begin[unit]; }

  void make(const RowCode& code, size_t units) noexcept {
    std::fill_n(begin.data(), units + 1, 0u);
    for (size_t i = 0; i < code.rows; ++i) {
      const uint32_t* const unit = code.unit.data() + i * code.capacity;
      for (size_t e = 0; e < code.count[i]; ++e) ++begin[unit[e] + 1];
    }
    for (size_t u = 0; u < units; ++u) begin[u + 1] += begin[u];
    for (size_t i = 0; i < code.rows; ++i) {
      const size_t at = i * code.capacity;
      for (size_t e = at; e < at + code.count[i]; ++e) {
        const uint32_t to = begin[code.unit[e]]++;
        row[to] = static_cast<uint32_t>(i);
        value[to] = code.value[e];
        d_value[to] = code.d_value[e];
      }
    }
    for (size_t u = units; u > 0; --u) begin[u] = begin[u - 1];
    begin[0] = 0;
  }
};

}  // namespace nrw
