#include "layers/sparse_input.h"

#include <algorithm>
#include <cstring>

namespace nrw {

namespace {

// Forward. The columns are cut into parts, one task and one partial y (m x width) each. A part walks blocks of columns
// whose W rows fit the second-level cache; within a block each sample adds the W rows of its non-zeros in registers. So
// W comes from memory once, not once a non-zero, and y is read and written once a block. At 60,664 columns, 3 % dense,
// 128 samples this takes half the time of a pass sample by sample. Prefetching the next block: no gain.
constexpr size_t kMostParts = 16;
constexpr size_t kPartEntries = 2048;                   // a part has at least so many non-zeros ...
constexpr size_t kPartEntriesPerRow = 32;               // ... and so many a sample, or adding up the parts would cost
constexpr size_t kMostPartialFloats = size_t{1} << 24;  // 64 MB of partial sums
constexpr size_t kBlockFloats = size_t{1} << 16;        // 256 KB of W
constexpr size_t kBlockEntriesPerRow = 8;               // a block has so many, if it has to outgrow the cache for it
constexpr size_t kBlockCopiedFloats = size_t{1} << 18;  // 1 MB, at most, where rows are caught up on the way

// Backward. Columns, or touched columns, of a task; its sum of squares is added up in column order.
constexpr size_t kRange = 256;

size_t count_parts(const SparseBatch& batch, size_t width) {
  const size_t m = batch.rows, nnz = batch.nnz();
  const size_t by_work = nnz / std::max(kPartEntries, kPartEntriesPerRow * m);
  const size_t by_memory = kMostPartialFloats / std::max<size_t>(1, m * width);
  return std::clamp<size_t>(std::min(by_work, by_memory), 1, kMostParts);
}

// The first touched column of part `part`: parts have about as many non-zeros each.
size_t part_begin(const SparseBatch& batch, size_t part, size_t parts) {
  if (part == parts) return batch.touched;
  const uint32_t* first = batch.touched_ptr.data();
  const size_t wanted = static_cast<size_t>(batch.nnz()) * part / parts;
  return static_cast<size_t>(std::lower_bound(first, first + batch.touched, wanted) - first);
}

// In touched columns.
size_t block_size(const SparseBatch& batch, size_t stride, bool copied) {
  const size_t entries_a_block = kBlockEntriesPerRow * batch.rows * batch.touched / std::max<size_t>(1, batch.nnz());
  const size_t block = std::max({size_t{16}, kBlockFloats / stride, entries_a_block});
  return copied ? std::min(block, std::max<size_t>(16, kBlockCopiedFloats / stride)) : block;
}

}  // namespace

void SparseInput::leave_behind(const OptimizerStep& settings, uint32_t columns) {
  if (MissedSteps::has_closed_form(settings)) missed_ = MissedSteps(settings, columns);
}

void SparseInput::read_row(const ColumnWeights& w, size_t column, size_t first, size_t count,
                           float* out) const noexcept {
  const size_t at = column * w.stride + first;
  const CatchUp* const missed = missed_.of(column);
  if (missed == nullptr) {
    std::memcpy(out, w.value.data() + at, count * sizeof(float));
    return;
  }
  const float* const s1 = w.moment1.size() == 0 ? nullptr : w.moment1.data() + at;
  const float* const s2 = w.moment2.size() == 0 ? nullptr : w.moment2.data() + at;
  sparse_.catch_up(count, *missed, w.value.data() + at, s1, s2, out, nullptr, nullptr);
}

void SparseInput::catch_up_row(ColumnWeights& w, size_t column) const noexcept {
  const CatchUp* const missed = missed_.of(column);
  if (missed == nullptr) return;
  float *const row = w.row(column), *const s1 = w.moment1_row(column), *const s2 = w.moment2_row(column);
  sparse_.catch_up(w.width, *missed, row, s1, s2, row, s1, s2);
}

void SparseInput::catch_up(ColumnWeights& w) noexcept {
  if (!missed_.any()) return;
  pool_.run((w.columns + kRange - 1) / kRange, [&](size_t range, unsigned) {
    for (size_t column = range * kRange, end = std::min<size_t>(w.columns, column + kRange); column < end; ++column) {
      catch_up_row(w, column);
    }
  });
  missed_.clear();
}

// The sum over the columns of one part, into its partial y.
void SparseInput::forward_part(const SparseBatch& batch, const ColumnWeights& w, size_t part, size_t parts,
                               unsigned worker) {
  const size_t m = batch.rows, width = w.width;
  const bool behind = missed_.any();
  const size_t block = block_size(batch, w.stride, behind);  // any size gives the same bits
  const uint32_t* const columns = batch.touched_col.data();
  const float* const inputs = batch.inputs();
  float* const partial = workspace_.data() + part * m * width;
  uint32_t* const from = cursor_.data() + 2 * part * m;  // a sample's next entry, and its first after the block
  uint32_t* const to = from + m;
  float* const copy = rows_.data() + worker * block * w.stride;
  std::memset(partial, 0, m * width * sizeof(float));
  size_t begin = part_begin(batch, part, parts);
  const size_t end = part_begin(batch, part + 1, parts);
  if (begin == end) return;
  for (size_t i = 0; i < m; ++i) {
    const uint32_t* row = batch.column.data();
    to[i] = static_cast<uint32_t>(std::lower_bound(row + batch.row_ptr[i], row + batch.row_ptr[i + 1], columns[begin]) -
                                  row);
  }
  for (; begin < end; begin += block) {
    std::copy_n(to, m, from);
    const size_t block_end = std::min(end, begin + block);
    if (behind) {
      for (size_t t = begin; t < block_end; ++t) {
        const uint32_t place = static_cast<uint32_t>(t - begin);
        read_row(w, columns[t], 0, width, copy + place * w.stride);
        for (uint32_t k = batch.touched_ptr[t]; k < batch.touched_ptr[t + 1]; ++k) {
          place_[to[batch.csc_row[k]]++] = place;
        }
      }
    } else {
      const uint32_t last_column = columns[block_end - 1];
      for (size_t i = 0; i < m; ++i) {
        while (to[i] < batch.row_ptr[i + 1] && batch.column[to[i]] <= last_column) ++to[i];
      }
    }
    const uint32_t* const row_of = behind ? place_.data() : batch.column.data();
    const float* const rows = behind ? copy : w.value.data();
    for (size_t i = 0; i < m; ++i) {
      if (to[i] == from[i]) continue;
      sparse_.gather(width, to[i] - from[i], row_of + from[i], inputs + from[i], rows, w.stride, true,
                     partial + i * width);
    }
  }
}

void SparseInput::forward(const SparseBatch& batch, const ColumnWeights& w, const float* bias, float* y,
                          const After& after) {
  const size_t m = batch.rows, width = w.width;
  if (m == 0) return;
  const size_t parts = count_parts(batch, width);
  workspace_.reserve(parts * m * width);
  cursor_.reserve(2 * parts * m);
  if (missed_.any()) {
    place_.reserve(batch.nnz());
    rows_.reserve(pool_.size() * block_size(batch, w.stride, true) * w.stride);
  }
  pool_.run(parts, [&](size_t part, unsigned worker) { forward_part(batch, w, part, parts, worker); });
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

// use(column, gradient): called for every column, or every touched one, concurrently over ranges of columns and in
// rising order within one; gradient (width) is NULL for a column without entries. Returns the sum of squares of the
// gradients.
template <class Use>
double SparseInput::for_each_gradient(const SparseBatch& batch, const float* d_y, const ColumnWeights& w, bool all,
                                      Use&& use) {
  const size_t columns = all ? w.columns : batch.touched, width = w.width, ranges = (columns + kRange - 1) / kRange;
  workspace_.reserve(pool_.size() * w.stride);
  partial_.reserve(ranges);
  pool_.run(ranges, [&](size_t range, unsigned worker) {
    float* gradient = workspace_.data() + worker * w.stride;
    const size_t first = range * kRange, end = std::min(columns, first + kRange);
    ColumnCursor cursor(batch, all ? first : batch.touched_col[first]);
    double squares = 0;
    for (size_t i = first; i < end; ++i) {
      const size_t column = all ? i : batch.touched_col[i];
      const auto [begin, count] = cursor.entries(column);
      if (count == 0) {
        use(column, nullptr);
        continue;
      }
      sparse_.gather(width, count, batch.csc_row.data() + begin, batch.csc_inputs() + begin, d_y, width, false,
                     gradient);
      squares += kernels_.sum_squares(width, gradient);
      use(column, gradient);
    }
    partial_[range] = squares;
  });
  double squares = 0;
  for (size_t range = 0; range < ranges; ++range) squares += partial_[range];
  return squares;
}

double SparseInput::backward_update(const SparseBatch& batch, const float* d_y, ColumnWeights& w,
                                    const OptimizerStep& step) {
  require_moments(step, w.value.size(), w.moment1, w.moment2);
  // Under plain SGD a gradient of zero moves nothing.
  const bool still = step.kind == OptimizerKind::kSgd && step.momentum == 0 && step.weight_decay == 0;
  const bool left_behind = missed_.enabled() && !missed_.update_all(batch, step);
  const bool all = !(still || only_touched_ || left_behind);
  const double squares = for_each_gradient(batch, d_y, w, all, [&](size_t column, const float* gradient) {
    catch_up_row(w, column);
    w.update_row(kernels_, step, column, gradient);
    if (left_behind) missed_.touch(column, step);
  });
  if (left_behind) {
    missed_.end_step(step);
  } else if (missed_.enabled()) {
    missed_.end_step_of_all(step);
  }
  return squares;
}

double SparseInput::gradient_sum_squares(const SparseBatch& batch, const float* d_y, const ColumnWeights& w) {
  return for_each_gradient(batch, d_y, w, false, [](size_t, const float*) {});
}

void SparseInput::add_gradient(const SparseBatch& batch, const float* d_y, const ColumnWeights& w, float* d_w) {
  for_each_gradient(batch, d_y, w, false, [&](size_t column, const float* gradient) {
    kernels_.add(w.width, gradient, d_w + column * w.stride);
  });
}

}  // namespace nrw
