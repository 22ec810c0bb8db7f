#include "layers/sparse_input.h"

#include <algorithm>
#include <cstring>

#include "layers/scattered_rows.h"

namespace nrw {

namespace {

// The columns are cut into parts, one task and one partial y (m x width) each. A part walks blocks of columns
// whose W rows fit the second-level cache; within a block each sample adds the W rows of its non-zeros in registers. So
// W comes from memory once, not once a non-zero, and y is read and written once a block.
constexpr size_t kMostParts = 16;
constexpr size_t kRowEntries = 8;                       // a row from memory takes as long as so many non-zeros
constexpr size_t kPartEntries = 2048;                   // a part has at least so many of these ...
constexpr size_t kPartEntriesPerRow = 32;               // ... and so many a sample, or adding up the parts would cost
constexpr size_t kMostPartialFloats = size_t{1} << 24;  // 64 MB of partial sums
constexpr size_t kBlockFloats = size_t{1} << 16;        // 256 KB of W
constexpr size_t kBlockEntriesPerRow = 8;               // a block has so many, if it has to outgrow the cache for it
constexpr size_t kBlockCopiedFloats = size_t{1} << 18;  // 1 MB, at most, where rows are caught up on the way

// With fewer parts the forward pass does not make the update that waits for it: that has more to share out.
constexpr size_t kFusedParts = 8;

// Touched columns before t, in terms of non-zeros.
size_t work_before(const SparseBatch& batch, size_t t) { return batch.touched_ptr[t] + kRowEntries * t; }

size_t count_parts(const SparseBatch& batch, size_t width) {
  const size_t m = batch.rows, work = work_before(batch, batch.touched);
  const size_t by_work = work / std::max(kPartEntries, kPartEntriesPerRow * m);
  const size_t by_memory = kMostPartialFloats / std::max<size_t>(1, m * width);
  return std::clamp<size_t>(std::min(by_work, by_memory), 1, kMostParts);
}

// The first touched column of part `part`: parts have about as much work each.
size_t part_begin(const SparseBatch& batch, size_t part, size_t parts) {
  const size_t wanted = work_before(batch, batch.touched) * part / parts;
  size_t low = 0, high = batch.touched;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    (work_before(batch, middle) < wanted ? low : high) = work_before(batch, middle) < wanted ? middle + 1 : middle;
  }
  return low;
}

// In touched columns.
size_t block_size(const SparseBatch& batch, size_t stride, bool copied) {
  const size_t entries_a_block = kBlockEntriesPerRow * batch.rows * batch.touched / std::max<size_t>(1, batch.nnz());
  const size_t block = std::max({size_t{16}, kBlockFloats / stride, entries_a_block});
  return copied ? std::min(block, std::max<size_t>(16, kBlockCopiedFloats / stride)) : block;
}

}  // namespace

void SparseInput::read_row(const ColumnWeights& w, size_t column, size_t first, size_t count,
                           float* out) const noexcept {
  const size_t at = column * w.stride + first;
  CatchUp missed;
  if (!missed_.of(column, missed)) {
    std::memcpy(out, w.value.data() + at, count * sizeof(float));
    return;
  }
  const float* const s1 = w.moment1.size() == 0 ? nullptr : w.moment1.data() + at;
  const float* const s2 = w.moment2.size() == 0 ? nullptr : w.moment2.data() + at;
  sparse_.catch_up(count, missed, w.value.data() + at, s1, s2, out, nullptr, nullptr);
}

// Lists the entries of touched columns [begin, end) by sample, after what stands at to[sample], without full columns.
// Where rows are behind, their W as it is after all steps goes to copy.
void SparseInput::list_entries(const Forward& pass, size_t begin, size_t end, uint32_t* to, float* copy) {
  const SparseBatch& batch = pass.batch;
  const ColumnWeights& w = pass.w;
  const uint32_t* const columns = batch.touched_col.data();
  const float* const inputs = batch.csc_inputs();
  const bool ahead = pass.behind && scattered(batch);
  for (size_t t = begin; t < end; ++t) {
    if (pass.any_full && FullColumns::full(batch, t)) continue;
    uint32_t place = columns[t];
    if (pass.behind) {
      place = static_cast<uint32_t>(t - begin);
      const size_t next = columns[std::min(t + 1, end - 1)];
      for (size_t k = 0; k < w.width; k += kPiece) {
        const size_t n = std::min(kPiece, w.width - k);
        if (ahead) prefetch(w, next * w.stride + k, n);
        read_row(w, columns[t], k, n, copy + place * w.stride + k);
      }
    }
    for (uint32_t k = batch.touched_ptr[t]; k < batch.touched_ptr[t + 1]; ++k) {
      const uint32_t at = to[batch.csc_row[k]]++;
      place_[at] = place;
      value_[at] = inputs[k];
    }
  }
}

// partial (m x width) += the inputs of full columns, among touched columns [begin, end), times their W.
void SparseInput::add_full(const Forward& pass, size_t begin, size_t end, float* partial, unsigned worker) {
  const SparseBatch& batch = pass.batch;
  const size_t width = pass.w.width;
  FullColumns full(kernels_, batch.rows, width, full_.data() + worker * FullColumns::floats(batch.rows, width));
  for (size_t t = begin; t < end; ++t) {
    if (FullColumns::full(batch, t)) {
      full.add(batch, t, batch.csc_inputs());
      read_row(pass.w, batch.touched_col[t], 0, width, full.weights(full.count() - 1));
    }
    if (full.no_room() || (t + 1 == end && full.count() != 0)) {
      full.add_outputs(partial);
      full.clear();
    }
  }
}

// The sum over the columns of one part, into its partial y. Where it makes the update that waits, that is block by
// block, before the block's rows are read: then they come from memory once a step.
void SparseInput::forward_part(const Forward& pass, size_t part, unsigned worker) {
  const SparseBatch& batch = pass.batch;
  ColumnWeights& w = pass.w;
  const size_t m = batch.rows, width = w.width;
  const size_t block = block_size(batch, w.stride, pass.behind);  // any size gives the same bits
  const uint32_t* const columns = batch.touched_col.data();
  const bool listed = pass.behind || pass.any_full;
  float* const partial = workspace_.data() + part * m * width;
  uint32_t* const from = cursor_.data() + 2 * part * m;  // a sample's next entry, and its first after the block
  uint32_t* const to = from + m;
  float* const copy = rows_.data() + worker * block * w.stride;
  std::memset(partial, 0, m * width * sizeof(float));
  const size_t first = part_begin(batch, part, pass.parts), end = part_begin(batch, part + 1, pass.parts);
  if (first == end) return;
  // Parts and blocks share out all columns, touched or not.
  const auto column_at = [&](size_t t) {
    return t == 0 ? size_t{0} : t == batch.touched ? size_t{w.columns} : size_t{columns[t]};
  };
  for (size_t i = 0; i < m; ++i) {
    const uint32_t* row = batch.column.data();
    to[i] = static_cast<uint32_t>(std::lower_bound(row + batch.row_ptr[i], row + batch.row_ptr[i + 1], columns[first]) -
                                  row);
  }
  for (size_t begin = first; begin < end; begin += block) {
    std::copy_n(to, m, from);
    const size_t block_end = std::min(end, begin + block);
    if (pass.fused) update_columns(w, column_at(begin), column_at(block_end), worker);
    if (listed) {
      list_entries(pass, begin, block_end, to, copy);
    } else {
      const uint32_t last_column = columns[block_end - 1];
      for (size_t i = 0; i < m; ++i) {
        while (to[i] < batch.row_ptr[i + 1] && batch.column[to[i]] <= last_column) ++to[i];
      }
    }
    const uint32_t* const row_of = listed ? place_.data() : batch.column.data();
    const float* const values = listed ? value_.data() : batch.inputs();
    const float* const rows = pass.behind ? copy : w.value.data();
    for (size_t i = 0; i < m; ++i) {
      if (to[i] == from[i]) continue;
      sparse_.gather(width, to[i] - from[i], row_of + from[i], values + from[i], rows, w.stride, true,
                     partial + i * width);
    }
  }
  if (pass.any_full) add_full(pass, first, end, partial, worker);
}

void SparseInput::forward(const Batch& any, ColumnWeights& w, const float* bias, float* y, const After& after) {
  const SparseBatch& batch = any.sparse();
  const size_t m = batch.rows, width = w.width;
  if (m == 0) return;
  const size_t parts = count_parts(batch, width);
  const bool fused = waits_ && parts >= kFusedParts;
  if (!fused) flush(w);
  const bool behind = fused ? update_.left_behind || (missed_.any() && !update_.all) : missed_.any();
  const Forward pass{batch, w, parts, behind, fused, FullColumns::any(batch)};
  workspace_.reserve(parts * m * width);
  cursor_.reserve(2 * parts * m);
  if (pass.behind || pass.any_full) {
    place_.reserve(batch.nnz());
    value_.reserve(batch.nnz());
  }
  if (pass.behind) rows_.reserve(pool_.size() * block_size(batch, w.stride, true) * w.stride);
  if (pass.any_full) full_.reserve(pool_.size() * FullColumns::floats(batch.rows, width));
  if (fused) begin_update(w);  // after all that may fail
  pool_.run(parts, [&](size_t part, unsigned worker) { forward_part(pass, part, worker); });
  if (fused) end_update();
  pool_.run(m, [&](size_t i, unsigned) {
    float* row = y + i * width;
    if (bias != nullptr) {
      std::memcpy(row, bias, width * sizeof(float));
    } else {
      std::memset(row, 0, width * sizeof(float));
    }
    for (size_t part = 0; part < parts; ++part) kernels_.add(width, workspace_.data() + (part * m + i) * width, row);
    after(i * width, width, y);
  });
}

}  // namespace nrw
