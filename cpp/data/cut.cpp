#include "data/cut.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/philox.h"
#include "base/status.h"
#include "data/values.h"

namespace nrw {

namespace {

struct RowChecks {
  bool ascends = true, finite = true, zeros = false;
};

// Copies a row, whose columns have type Index and whose values have type T, and checks it in the same pass. It has no
// branches, so that it is vectorised.
template <class Index, class T>
RowChecks copy_row(const uint8_t* __restrict indices, const uint8_t* __restrict values, uint32_t n,
                   uint32_t* __restrict column, float* __restrict value) noexcept {
  constexpr uint32_t kExponent = 0x7F800000;
  uint32_t falls = 0, infinite = 0, zeros = 0;
  const auto copy = [&](uint32_t k) {
    column[k] = static_cast<uint32_t>(load<Index>(indices, k));
    float x;
    if constexpr (std::is_same_v<T, BoolByte>) {
      x = values[k] == 0 ? 0.0f : 1.0f;
    } else {
      x = static_cast<float>(load<T>(values, k));
    }
    value[k] = x;
    infinite |= (std::bit_cast<uint32_t>(x) & kExponent) == kExponent;
    zeros |= x == 0;
  };
  copy(0);
  for (uint32_t k = 1; k < n; ++k) {
    falls |= load<Index>(indices, k - 1) >= load<Index>(indices, k);
    copy(k);
  }
  return {falls == 0, infinite == 0, zeros != 0};
}

RowChecks copy_row(const Chunk& chunk, uint64_t first, uint32_t n, uint32_t* column, float* value) noexcept {
  return with_type(chunk.info().data_type, [&](auto zero) {
    using T = decltype(zero);
    const uint8_t* values = chunk.data() + first * sizeof(T);
    // Indices were checked to be below 2^32 and not negative: signed ones of 64 bits compare as signed.
    return chunk.wide_indices() ? copy_row<int64_t, T>(chunk.indices() + first * 8, values, n, column, value)
                                : copy_row<uint32_t, T>(chunk.indices() + first * 4, values, n, column, value);
  });
}

bool has_zero(const float* value, uint32_t n) noexcept {
  unsigned zeros = 0;
  for (uint32_t k = 0; k < n; ++k) zeros |= value[k] == 0;
  return zeros != 0;
}

uint32_t drop_zeros(uint32_t* column, float* value, uint32_t n) noexcept {
  uint32_t kept = 0;
  for (uint32_t k = 0; k < n; ++k) {
    column[kept] = column[k];
    value[kept] = value[k];
    kept += value[k] != 0;
  }
  return kept;
}

}  // namespace

void Cutter::cut(std::span<const uint32_t> rows, SparseBatch& batch) {
  const uint64_t most = reserve(rows, batch);
  batch.rows = static_cast<uint32_t>(rows.size());
  batch.columns = window_.columns();
  batch.masked = options_.own_inputs();
  uint32_t nnz = 0;
  batch.row_ptr[0] = 0;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    const Place place = window_.at(rows[row]);
    batch.row_id[row] = place.global;
    const uint32_t n = cut_row(place, most - nnz, batch.column.data() + nnz, batch.target.data() + nnz);
    if (batch.masked) {
      std::copy_n(batch.target.data() + nnz, n, batch.input.data() + nnz);
      transform_inputs(place, batch.column.data() + nnz, n, batch.input.data() + nnz);
    }
    nnz += n;
    batch.row_ptr[row + 1] = nnz;
  }
  if (options_.mask_rate > 0) mask(batch);
  csc_.build(batch);
}

// Makes the buffers large enough for every stored entry of the rows, and returns the number of entries.
uint64_t Cutter::reserve(std::span<const uint32_t> rows, SparseBatch& batch) const {
  uint64_t most = 0;
  for (const uint32_t row : rows) {
    const Place place = window_.at(row);
    most += place.chunk->stored(place.row);
    if (most > UINT32_MAX) {
      throw Error(NRW_UNSUPPORTED, "the batch has more than 2^32 entries; use a smaller batch size");
    }
  }
  make_room(batch.row_ptr, rows.size() + 1);
  make_room(batch.row_id, rows.size());
  make_room(batch.column, most);
  make_room(batch.target, most);
  if (options_.own_inputs()) make_room(batch.input, most);
  return most;
}

// Writes at most `room` entries and returns their number. Another process may write to a mapped file, so what was
// checked when it was opened is checked again here: nothing is written beyond `room`, and no column is outside the
// matrix.
uint32_t Cutter::cut_row(const Place& place, uint64_t room, uint32_t* column, float* value) {
  const Chunk& chunk = *place.chunk;
  const uint64_t stored = chunk.stored(place.row), first = chunk.begin(place.row), nnz = chunk.info().nnz;
  if (stored > room || first > nnz || stored > nnz - first) throw chunk.changed();
  uint32_t n = static_cast<uint32_t>(stored);
  if (n == 0) return 0;
  RowChecks checks = copy_row(chunk, first, n, column, value);
  if (!checks.finite) {
    const uint32_t k = first_non_finite(value);
    refuse_value(chunk, place.row, column[k], value_at(chunk, first + k), "is not a finite 32-bit float");
  }
  if (!options_.column_map.empty()) {
    for (uint32_t k = 0; k < n; ++k) column[k] = options_.column_map[column[k]];
    checks.ascends = false;
  }
  if (!checks.ascends) n = merge_row(place, column, value, n);
  if (column[n - 1] >= window_.columns()) throw chunk.changed();  // the largest column, since they are in rising order
  for (const Transform& transform : options_.transforms) {
    transform.apply(value, n);
    if (!all_finite(value, n)) refuse(place, column[first_non_finite(value)], transform);
  }
  const bool as_read = checks.ascends && options_.transforms.empty();
  return (as_read ? checks.zeros : has_zero(value, n)) ? drop_zeros(column, value, n) : n;
}

void Cutter::transform_inputs(const Place& place, const uint32_t* column, uint32_t n, float* input) const {
  for (const Transform& transform : options_.input_transforms) {
    transform.apply(input, n);
    if (!all_finite(input, n)) refuse(place, column[first_non_finite(input)], transform);
  }
}

// Refuses a value that is not finite after a transform. The message names the value in the file, since that is what the
// user can change.
void Cutter::refuse(const Place& place, uint32_t column, const Transform& transform) const {
  const Chunk& chunk = *place.chunk;
  const auto& map = options_.column_map;
  if (!map.empty()) column = static_cast<uint32_t>(std::find(map.begin(), map.end(), column) - map.begin());
  double value = 0;
  for (uint64_t k = chunk.begin(place.row); k < chunk.begin(place.row + 1); ++k) {
    const uint64_t at = chunk.wide_indices() ? load<uint64_t>(chunk.indices(), k) : load<uint32_t>(chunk.indices(), k);
    if (at == column) value += value_at(chunk, k);
  }
  refuse_value(chunk, place.row, column, value, transform.takes());
}

// Sorts a row by column and adds up entries of the same column in the order of the file.
uint32_t Cutter::merge_row(const Place& place, uint32_t* column, float* value, uint32_t n) {
  const Chunk& chunk = *place.chunk;
  const uint64_t first = chunk.begin(place.row);
  keys_.resize(n);
  for (uint32_t k = 0; k < n; ++k) keys_[k] = uint64_t{column[k]} << 32 | k;
  std::sort(keys_.begin(), keys_.end());
  values_.assign(value, value + n);
  uint32_t kept = 0;
  for (uint32_t k = 0; k < n;) {
    const uint32_t here = static_cast<uint32_t>(keys_[k] >> 32);
    uint32_t end = k + 1;
    while (end < n && keys_[end] >> 32 == here) ++end;
    column[kept] = here;
    value[kept] = values_[static_cast<uint32_t>(keys_[k])];
    if (end - k > 1) {
      double sum = 0;
      for (uint32_t entry = k; entry < end; ++entry) {
        sum += value_at(chunk, first + static_cast<uint32_t>(keys_[entry]));
      }
      if (chunk.info().data_type == ElementType::kBool) sum = std::min(sum, 1.0);
      value[kept] = static_cast<float>(sum);
    }
    ++kept;
    k = end;
  }
  if (!all_finite(value, kept)) {
    const uint32_t k = first_non_finite(value);
    refuse_value(chunk, place.row, column[k], value[k],
                 "is the sum of several entries and is not a finite 32-bit float");
  }
  return kept;
}

// Each of the four words of a draw decides about one of four neighbouring columns.
void Cutter::mask(SparseBatch& batch) const noexcept {
  const double threshold = options_.mask_rate * 0x1.0p32;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    uint32_t quad = UINT32_MAX;
    std::array<uint32_t, 4> words{};
    for (uint32_t k = batch.row_ptr[row]; k < batch.row_ptr[row + 1]; ++k) {
      const uint32_t column = batch.column[k];
      if (column >> 2 != quad) {
        quad = column >> 2;
        words = draw(options_.seed, Purpose::kMask, uint64_t{quad} << 32 | options_.epoch, batch.row_id[row]);
      }
      if (words[column & 3] < threshold) batch.input[k] = 0;
    }
  }
}

}  // namespace nrw
