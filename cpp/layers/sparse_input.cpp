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
constexpr size_t kRowEntries = 8;                       // a row from memory takes as long as so many non-zeros
constexpr size_t kPartEntries = 2048;                   // a part has at least so many of these ...
constexpr size_t kPartEntriesPerRow = 32;               // ... and so many a sample, or adding up the parts would cost
constexpr size_t kMostPartialFloats = size_t{1} << 24;  // 64 MB of partial sums
constexpr size_t kBlockFloats = size_t{1} << 16;        // 256 KB of W
constexpr size_t kBlockEntriesPerRow = 8;               // a block has so many, if it has to outgrow the cache for it
constexpr size_t kBlockCopiedFloats = size_t{1} << 18;  // 1 MB, at most, where rows are caught up on the way

// Backward. Columns, or touched columns, of a task; its sum of squares is added up in column order.
constexpr size_t kRange = 256;
constexpr size_t kPiece = 128;  // floats of a row worked on at a time
constexpr size_t kCopies = 4;   // tasks that copy what an update that waits will need
// With fewer parts the forward pass does not make the update that waits for it: that has more to share out.
constexpr size_t kFusedParts = 8;

// Touched columns before t, in terms of non-zeros.
size_t work_before(const Batch& batch, size_t t) { return batch.touched_ptr[t] + kRowEntries * t; }

size_t count_parts(const Batch& batch, size_t width) {
  const size_t m = batch.rows, work = work_before(batch, batch.touched);
  const size_t by_work = work / std::max(kPartEntries, kPartEntriesPerRow * m);
  const size_t by_memory = kMostPartialFloats / std::max<size_t>(1, m * width);
  return std::clamp<size_t>(std::min(by_work, by_memory), 1, kMostParts);
}

// The first touched column of part `part`: parts have about as much work each.
size_t part_begin(const Batch& batch, size_t part, size_t parts) {
  const size_t wanted = work_before(batch, batch.touched) * part / parts;
  size_t low = 0, high = batch.touched;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    (work_before(batch, middle) < wanted ? low : high) = work_before(batch, middle) < wanted ? middle + 1 : middle;
  }
  return low;
}

// In touched columns.
size_t block_size(const Batch& batch, size_t stride, bool copied) {
  const size_t entries_a_block = kBlockEntriesPerRow * batch.rows * batch.touched / std::max<size_t>(1, batch.nnz());
  const size_t block = std::max({size_t{16}, kBlockFloats / stride, entries_a_block});
  return copied ? std::min(block, std::max<size_t>(16, kBlockCopiedFloats / stride)) : block;
}

// Rows far apart: the hardware does not see the next one coming. Where most columns are touched it does better alone.
bool scattered(const Batch& batch) { return 2 * size_t{batch.touched} < batch.columns; }

// n floats of W and its moments. A row at a time would be more lines than can be on their way at once, and the
// arithmetic behind it would wait: so kPiece floats of the next row go with each kPiece of this one.
void prefetch(const ColumnWeights& w, size_t at, size_t n) {
  for (const AlignedBuffer<float>* array : {&w.value, &w.moment1, &w.moment2}) {
    if (array->size() == 0) continue;
    for (size_t k = 0; k < n; k += 16) __builtin_prefetch(array->data() + at + k);
  }
}

}  // namespace

void SparseInput::leave_behind(const OptimizerStep& settings, uint32_t columns) {
  if (MissedSteps::has_closed_form(settings)) missed_ = MissedSteps(settings, columns);
}

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

void SparseInput::catch_up_row(ColumnWeights& w, size_t column, const MissedSteps::View& steps) const noexcept {
  CatchUp missed;
  if (!steps.of(column, missed)) return;
  float *const row = w.row(column), *const s1 = w.moment1_row(column), *const s2 = w.moment2_row(column);
  sparse_.catch_up(w.width, missed, row, s1, s2, row, s1, s2);
}

void SparseInput::catch_up(ColumnWeights& w) {
  flush(w);
  if (!missed_.any()) return;
  pool_.run((w.columns + kRange - 1) / kRange, [&](size_t range, unsigned) {
    for (size_t column = range * kRange, end = std::min<size_t>(w.columns, column + kRange); column < end; ++column) {
      catch_up_row(w, column, missed_.view());
    }
  });
  missed_.clear();
}

// The sum over the columns of one part, into its partial y. With `fused` the update that waits is made block by block,
// before the block's rows are read: then they come from memory once a step.
void SparseInput::forward_part(const Batch& batch, ColumnWeights& w, size_t part, size_t parts, bool behind, bool fused,
                               unsigned worker) {
  const size_t m = batch.rows, width = w.width;
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
  const bool ahead = behind && scattered(batch);
  // Parts and blocks share out all columns, touched or not.
  const auto column_at = [&](size_t t) {
    return t == 0 ? size_t{0} : t == batch.touched ? size_t{w.columns} : size_t{columns[t]};
  };
  for (size_t i = 0; i < m; ++i) {
    const uint32_t* row = batch.column.data();
    to[i] = static_cast<uint32_t>(std::lower_bound(row + batch.row_ptr[i], row + batch.row_ptr[i + 1], columns[begin]) -
                                  row);
  }
  for (; begin < end; begin += block) {
    std::copy_n(to, m, from);
    const size_t block_end = std::min(end, begin + block);
    if (fused) update_columns(w, column_at(begin), column_at(block_end), worker);
    if (behind) {
      for (size_t t = begin; t < block_end; ++t) {
        const uint32_t place = static_cast<uint32_t>(t - begin);
        const size_t next = columns[std::min(t + 1, block_end - 1)];
        for (size_t k = 0; k < width; k += kPiece) {
          const size_t n = std::min(kPiece, width - k);
          if (ahead) prefetch(w, next * w.stride + k, n);
          read_row(w, columns[t], k, n, copy + place * w.stride + k);
        }
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

void SparseInput::forward(const Batch& batch, ColumnWeights& w, const float* bias, float* y, const After& after) {
  const size_t m = batch.rows, width = w.width;
  if (m == 0) return;
  const size_t parts = count_parts(batch, width);
  const bool fused = waits_ && parts >= kFusedParts;
  if (fused) {
    begin_update();
  } else {
    flush(w);
  }
  const bool behind = missed_.any() && !(fused && update_.all);
  workspace_.reserve(parts * m * width);
  cursor_.reserve(2 * parts * m);
  if (behind) {
    place_.reserve(batch.nnz());
    rows_.reserve(pool_.size() * block_size(batch, w.stride, true) * w.stride);
  }
  pool_.run(parts, [&](size_t part, unsigned worker) { forward_part(batch, w, part, parts, behind, fused, worker); });
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

// use(column, gradient, i) for columns, or touched columns, i of [first, end), in rising order; gradient (width) is
// NULL for a column without entries.
template <class Use>
void SparseInput::each_gradient(const Batch& batch, const float* d_y, const ColumnWeights& w, bool all, size_t first,
                                size_t end, unsigned worker, Use&& use) {
  float* const gradient = gradient_.data() + worker * std::max(w.stride, kPiece);
  ColumnCursor cursor(batch, all ? first : batch.touched_col[first]);
  for (size_t i = first; i < end; ++i) {
    const size_t column = all ? i : batch.touched_col[i];
    const auto [begin, count] = cursor.entries(column);
    if (count != 0) {
      sparse_.gather(w.width, count, batch.csc_row.data() + begin, batch.csc_inputs() + begin, d_y, w.width, false,
                     gradient);
    }
    use(column, count == 0 ? nullptr : gradient, i);
  }
}

// body(first, end, worker) over ranges of `count` columns; returns the sum of what it returns, in order.
template <class Body>
double SparseInput::sum_ranges(size_t count, Body&& body) {
  const size_t ranges = (count + kRange - 1) / kRange;
  partial_.reserve(ranges);
  pool_.run(ranges, [&](size_t range, unsigned worker) {
    partial_[range] = body(range * kRange, std::min(count, (range + 1) * kRange), worker);
  });
  double sum = 0;
  for (size_t range = 0; range < ranges; ++range) sum += partial_[range];
  return sum;
}

// Rows first ... end of update_, counted as its `all` says. Returns the sum of squares of their gradients, if wanted.
double SparseInput::update_rows(ColumnWeights& w, size_t first, size_t end, bool squares, unsigned worker) {
  if (first >= end) return 0;
  const Update& u = update_;
  const Batch& batch = *u.batch;
  const auto column_of = [&](size_t i) { return u.all ? i : size_t{batch.touched_col[i]}; };
  const bool ahead = !u.all && scattered(batch);
  float* const gradient = gradient_.data() + worker * std::max(w.stride, kPiece);
  ColumnCursor cursor(batch, column_of(first));
  double sum = 0;
  for (size_t i = first; i < end; ++i) {
    const size_t column = column_of(i), next = i + 1 < end ? column_of(i + 1) : column;
    const auto [begin, count] = cursor.entries(column);
    if (count == 0 && at_rest_.pass_over(column, w)) continue;
    if (count != 0) at_rest_.move(column);
    CatchUp missed;
    const bool behind = u.before.of(column, missed);
    for (size_t k = 0; k < w.width; k += kPiece) {
      const size_t n = std::min(kPiece, w.width - k), at = column * w.stride + k;
      if (ahead) prefetch(w, next * w.stride + k, n);
      if (count != 0) {
        sparse_.gather(n, count, batch.csc_row.data() + begin, batch.csc_inputs() + begin, u.d_y + k, w.width, false,
                       gradient);
        if (squares) sum += kernels_.sum_squares(n, gradient);
      }
      float* const row = w.value.data() + at;
      float* const s1 = w.moment1.size() == 0 ? nullptr : w.moment1.data() + at;
      float* const s2 = w.moment2.size() == 0 ? nullptr : w.moment2.data() + at;
      if (behind) sparse_.catch_up(n, missed, row, s1, s2, row, s1, s2);
      kernels_.update(n, u.step, count == 0 ? nullptr : gradient, row, s1, s2);
    }
    if (u.left_behind) missed_.touch(column, u.step);
  }
  return sum;
}

// The rows of columns [first, end) that update_ has.
void SparseInput::update_columns(ColumnWeights& w, size_t first, size_t end, unsigned worker) {
  const Update& u = update_;
  if (!u.all) {
    const uint32_t* const columns = u.batch->touched_col.data();
    const auto place = [&](size_t column) {
      return static_cast<size_t>(std::lower_bound(columns, columns + u.batch->touched, column) - columns);
    };
    first = place(first), end = place(end);
  }
  update_rows(w, first, end, false, worker);
}

// Rows that the update leaves behind have missed its step from here on, those that it updates have not.
void SparseInput::begin_update() {
  update_.before = update_.left_behind ? missed_.keep_view(before_) : missed_.view();
  if (update_.left_behind) missed_.end_step(update_.step);
}

void SparseInput::end_update() {
  if (!update_.left_behind && missed_.enabled()) missed_.end_step_of_all(update_.step);
  if (update_.all) at_rest_.end_update_of_all();
  waits_ = false;
}

double SparseInput::update_now(ColumnWeights& w, bool squares) {
  gradient_.reserve(pool_.size() * std::max(w.stride, kPiece));
  begin_update();
  const double sum = sum_ranges(
      update_.all ? w.columns : update_.batch->touched,
      [&](size_t first, size_t end, unsigned worker) { return update_rows(w, first, end, squares, worker); });
  end_update();
  return sum;
}

void SparseInput::flush(ColumnWeights& w) {
  if (waits_) update_now(w, false);
}

double SparseInput::backward_update(const Batch& batch, const float* d_y, ColumnWeights& w, const OptimizerStep& step,
                                    bool squares) {
  require_moments(step, w.value.size(), w.moment1, w.moment2);
  flush(w);
  // Under plain SGD a gradient of zero moves nothing.
  const bool still = step.kind == OptimizerKind::kSgd && step.momentum == 0 && step.weight_decay == 0;
  const bool left_behind = missed_.enabled() && !missed_.update_all(batch, step);
  update_ = {&batch, d_y, step, !(still || only_touched_ || left_behind), left_behind, {}};
  if (!may_wait_ || !norm_.cheap(batch, w.width)) return update_now(w, squares);
  const double sum = squares ? norm_.sum_squares(batch, d_y, w.width) : 0;
  keep(batch, d_y, w);
  return sum;
}

// What the update will need, by column.
void SparseInput::keep(const Batch& batch, const float* d_y, const ColumnWeights& w) {
  const size_t nnz = batch.nnz(), outputs = size_t{batch.rows} * w.width;
  kept_.rows = batch.rows;
  kept_.columns = batch.columns;
  kept_.touched = batch.touched;
  kept_.touched_col.reserve(batch.touched);
  kept_.touched_ptr.reserve(batch.touched + 1);
  kept_.csc_row.reserve(nnz);
  kept_.csc_target.reserve(nnz);
  kept_d_y_.reserve(outputs);
  gradient_.reserve(pool_.size() * std::max(w.stride, kPiece));
  const size_t touched = batch.touched;
  const auto copy_share = [](const auto* from, size_t n, size_t share, auto* to) {
    const size_t first = n * share / kCopies;
    std::copy_n(from + first, n * (share + 1) / kCopies - first, to + first);
  };
  pool_.run(kCopies, [&](size_t share, unsigned) {
    copy_share(batch.touched_col.data(), touched, share, kept_.touched_col.data());
    copy_share(batch.touched_ptr.data(), touched + 1, share, kept_.touched_ptr.data());
    copy_share(batch.csc_row.data(), nnz, share, kept_.csc_row.data());
    copy_share(batch.csc_inputs(), nnz, share, kept_.csc_target.data());
    copy_share(d_y, outputs, share, kept_d_y_.data());
  });
  update_.batch = &kept_;
  update_.d_y = kept_d_y_.data();
  waits_ = true;
}

double SparseInput::gradient_sum_squares(const Batch& batch, const float* d_y, const ColumnWeights& w) {
  if (norm_.cheap(batch, w.width)) return norm_.sum_squares(batch, d_y, w.width);
  gradient_.reserve(pool_.size() * std::max(w.stride, kPiece));
  return sum_ranges(batch.touched, [&](size_t first, size_t end, unsigned worker) {
    double sum = 0;
    each_gradient(batch, d_y, w, false, first, end, worker, [&](size_t, const float* gradient, size_t) {
      if (gradient != nullptr) sum += kernels_.sum_squares(w.width, gradient);
    });
    return sum;
  });
}

void SparseInput::add_gradient(const Batch& batch, const float* d_y, const ColumnWeights& w, float* d_w) {
  gradient_.reserve(pool_.size() * std::max(w.stride, kPiece));
  sum_ranges(batch.touched, [&](size_t first, size_t end, unsigned worker) {
    each_gradient(batch, d_y, w, false, first, end, worker, [&](size_t column, const float* gradient, size_t) {
      if (gradient != nullptr) kernels_.add(w.width, gradient, d_w + column * w.stride);
    });
    return 0.0;
  });
}

}  // namespace nrw
