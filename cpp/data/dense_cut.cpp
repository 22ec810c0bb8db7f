#include "data/dense_cut.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/philox.h"
#include "base/status.h"
#include "data/csc.h"
#include "data/random_transform.h"
#include "data/to_floats.h"
#include "data/values.h"

namespace nrw {

namespace {

constexpr size_t kRows = kTransposedRows;  // at a time

}  // namespace

void DenseCutter::cut(std::span<const uint32_t> rows, DenseBatch& batch) {
  const size_t columns = window_.columns();
  if (rows.size() * columns > UINT32_MAX) {
    throw Error(NRW_UNSUPPORTED, "the batch has more than 2^32 values; use a smaller batch size");
  }
  batch.masked = options_.own_inputs();
  batch.rows = static_cast<uint32_t>(rows.size());
  batch.columns = window_.columns();
  const size_t stride = batch.stride();
  make_room(batch.row_id, rows.size());
  make_room(batch.target, columns * stride);
  if (batch.masked) make_room(batch.input, columns * stride);
  block_.resize(kRows * columns);
  for (size_t first = 0; first < rows.size(); first += kRows) {
    const size_t count = std::min(kRows, rows.size() - first);
    for (size_t row = 0; row < count; ++row) {
      const RowWindow::Place place = window_.at(rows[first + row]);
      batch.row_id[first + row] = place.global;
      cut_row(place, block_.data() + row * columns);
    }
    to_columns(count, columns, block_.data(), stride, batch.target.data() + first);
    if (!batch.masked) continue;
    for (size_t row = 0; row < count; ++row) {
      float* const value = block_.data() + row * columns;
      transform(window_.at(rows[first + row]), 1, options_.column_map, value);
      if (options_.mask_rate > 0) mask(batch.row_id[first + row], value);
    }
    to_columns(count, columns, block_.data(), stride, batch.input.data() + first);
  }
}

void DenseCutter::cut_row(const RowWindow::Place& place, float* value) {
  const uint32_t n = window_.columns();
  const uint64_t first = place.row * n;
  const ElementType type = place.chunk->info().data_type;
  if (!to_floats(type, place.chunk->data() + first * size_of(type), n, value)) {
    uint32_t k = 0;
    while (std::isfinite(static_cast<float>(value_at(*place.chunk, first + k))) && k + 1 < n) ++k;
    refuse_value(*place.chunk, place.row, k, value_at(*place.chunk, first + k), "is not a finite 32-bit float");
  }
  transform(place, 0, {}, value);
  if (options_.column_map.empty()) return;
  moved_.assign(value, value + n);
  for (uint32_t k = 0; k < n; ++k) value[options_.column_map[k]] = moved_[k];
}

// A value that is not finite after a transform is named as it is in the file, since that is what the user can change.
void DenseCutter::transform(const RowWindow::Place& place, uint32_t list, std::span<const uint32_t> map, float* value) {
  const uint32_t n = window_.columns();
  RowDraw draw{options_.seed, options_.epoch, place.global, list, 0};
  RowShape shape{1, n};
  for (const Transform& transform : list == 0 ? options_.transforms : options_.input_transforms) {
    if (transform.kind == TransformKind::kRowShape) {
      shape = {static_cast<size_t>(transform.p0), static_cast<size_t>(transform.p1)};
    } else if (transform.is_random()) {
      apply_random(transform, draw, shape, {value, n}, room_);
    } else {
      transform.apply(value, n);
    }
    ++draw.place;
    if (all_finite(value, n)) continue;
    uint32_t k = first_non_finite(value);
    if (!map.empty()) k = static_cast<uint32_t>(std::find(map.begin(), map.end(), k) - map.begin());
    refuse_value(*place.chunk, place.row, k, value_at(*place.chunk, place.row * n + k), transform.takes());
  }
}

// The same draws as in Cutter::mask: each word decides about one of four neighbouring columns.
void DenseCutter::mask(uint64_t row_id, float* value) const noexcept {
  const double threshold = options_.mask_rate * 0x1.0p32;
  const uint32_t columns = window_.columns();
  for (uint32_t column = 0; column < columns; column += 4) {
    const auto words = draw(options_.seed, Purpose::kMask, uint64_t{column >> 2} << 32 | options_.epoch, row_id);
    for (uint32_t k = column; k < std::min(column + 4, columns); ++k) {
      if (words[k & 3] < threshold) value[k] = 0;
    }
  }
}

}  // namespace nrw
