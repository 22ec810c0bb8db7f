// The second half of the sparse input layer: its update, now or when the next forward pass makes it.
#include <algorithm>
#include <cstring>

#include "layers/scattered_rows.h"
#include "layers/sparse_input.h"

namespace nrw {

namespace {

// Columns, or touched columns, of a task; its sum of squares is added up in column order.
constexpr size_t kRange = 256;
constexpr size_t kCopies = 4;  // tasks that copy what an update that waits will need

}  // namespace

void SparseInput::leave_behind(const OptimizerStep& settings, uint32_t columns) {
  if (MissedSteps::has_closed_form(settings)) missed_ = MissedSteps(settings, columns);
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

// use(column, gradient, i) for columns, or touched columns, i of [first, end), in rising order; gradient (width) is
// NULL for a column without entries.
template <class Use>
void SparseInput::each_gradient(const SparseBatch& batch, const float* d_y, const ColumnWeights& w, bool all,
                                size_t first, size_t end, unsigned worker, Use&& use) {
  float* const gradient = gradient_.data() + worker * std::max(w.stride, kPiece);
  ColumnCursor cursor(&batch, all ? first : batch.touched_col[first]);
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

// Elements [first, first + count) of a row of update_. gradient: NULL for a column without entries; missed: the steps
// before this one, NULL for none.
void SparseInput::update_row(ColumnWeights& w, size_t column, size_t first, size_t count, const float* gradient,
                             const CatchUp* missed) noexcept {
  const size_t at = column * w.stride + first;
  float* const row = w.value.data() + at;
  float* const s1 = w.moment1.size() == 0 ? nullptr : w.moment1.data() + at;
  float* const s2 = w.moment2.size() == 0 ? nullptr : w.moment2.data() + at;
  if (missed != nullptr) sparse_.catch_up(count, *missed, row, s1, s2, row, s1, s2);
  kernels_.update(count, update_.step, gradient, row, s1, s2);
}

// The rows of full columns, whose gradients are made together.
double SparseInput::update_full(ColumnWeights& w, FullColumns& full, bool squares) noexcept {
  full.make_weights(packed_d_y_.data(), false);
  double sum = 0;
  for (size_t i = 0; i < full.count(); ++i) {
    const uint32_t column = full.column(i);
    CatchUp missed;
    const bool behind = update_.before.of(column, missed);
    if (squares) sum += kernels_.sum_squares(w.width, full.weights(i));
    update_row(w, column, 0, w.width, full.weights(i), behind ? &missed : nullptr);
    if (update_.left_behind) missed_.touch(column, update_.step);
  }
  full.clear();
  return sum;
}

// Rows first ... end of update_, counted as its `all` says. Returns the sum of squares of their gradients, if wanted.
double SparseInput::update_rows(ColumnWeights& w, size_t first, size_t end, bool squares, unsigned worker) {
  if (first >= end) return 0;
  const Update& u = update_;
  const SparseBatch& batch = *u.batch;
  const auto column_of = [&](size_t i) { return u.all ? i : size_t{batch.touched_col[i]}; };
  const bool ahead = !u.all && scattered(batch);
  float* const gradient = gradient_.data() + worker * std::max(w.stride, kPiece);
  FullColumns full(kernels_, batch.rows, w.width,
                   full_update_.data() + worker * FullColumns::floats(batch.rows, w.width));
  ColumnCursor cursor(&batch, column_of(first));
  double sum = 0;
  for (size_t i = first; i < end; ++i) {
    const size_t column = column_of(i), next = i + 1 < end ? column_of(i + 1) : column;
    const auto [begin, count] = cursor.entries(column);
    if (count == 0 && at_rest_.pass_over(column, w)) continue;
    if (count != 0) at_rest_.move(column);
    if (FullColumns::full(count, batch.rows)) {
      full.add(static_cast<uint32_t>(column), count, batch.csc_row.data() + begin, batch.csc_inputs() + begin);
      if (full.no_room()) sum += update_full(w, full, squares);
      continue;
    }
    CatchUp missed;
    const bool behind = u.before.of(column, missed);
    for (size_t k = 0; k < w.width; k += kPiece) {
      const size_t n = std::min(kPiece, w.width - k);
      if (ahead) prefetch(w, next * w.stride + k, n);
      if (count != 0) {
        sparse_.gather(n, count, batch.csc_row.data() + begin, batch.csc_inputs() + begin, u.d_y + k, w.width, false,
                       gradient);
        if (squares) sum += kernels_.sum_squares(n, gradient);
      }
      update_row(w, column, k, n, count == 0 ? nullptr : gradient, behind ? &missed : nullptr);
    }
    if (u.left_behind) missed_.touch(column, u.step);
  }
  if (full.count() != 0) sum += update_full(w, full, squares);
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
void SparseInput::begin_update(const ColumnWeights& w) {
  const SparseBatch& batch = *update_.batch;
  full_update_.reserve(pool_.size() * FullColumns::floats(batch.rows, w.width));
  if (FullColumns::any(batch)) {
    FullColumns::pack_outputs(kernels_, batch.rows, w.width, update_.d_y, packed_d_y_);
  }
  update_.before = update_.left_behind ? missed_.keep_view(before_) : missed_.view();
  if (update_.left_behind) missed_.end_step(update_.step);
}

void SparseInput::end_update() {
  if (!update_.left_behind && missed_.enabled()) missed_.end_step_of_all(update_.step);
  if (update_.all) at_rest_.end_update_of_all();
  waits_ = false;
}

double SparseInput::update_now(ColumnWeights& w, bool squares) {
  const size_t count = update_.all ? w.columns : update_.batch->touched;
  gradient_.reserve(pool_.size() * std::max(w.stride, kPiece));
  partial_.reserve((count + kRange - 1) / kRange);
  begin_update(w);
  const double sum = sum_ranges(
      count, [&](size_t first, size_t end, unsigned worker) { return update_rows(w, first, end, squares, worker); });
  end_update();
  return sum;
}

void SparseInput::flush(ColumnWeights& w) {
  if (waits_) update_now(w, false);
}

double SparseInput::backward_update(const Batch& any, const float* d_y, ColumnWeights& w, const OptimizerStep& step,
                                    bool squares, const double* gram) {
  const SparseBatch& batch = any.sparse();
  require_moments(step, w.value.size(), w.moment1, w.moment2);
  flush(w);
  // Under plain SGD a gradient of zero moves nothing.
  const bool still = step.kind == OptimizerKind::kRule
                         ? step.rule_rests
                         : step.kind == OptimizerKind::kSgd && step.momentum == 0 && step.weight_decay == 0;
  const bool left_behind = missed_.enabled() && !missed_.update_all(batch, step);
  update_ = {&batch, d_y, step, !(still || only_touched_ || left_behind), left_behind, {}};
  if (!SparseNorm::few(batch)) gram = nullptr;
  if (!may_wait_ || (gram == nullptr && !norm_.cheap(batch, w.width))) return update_now(w, squares);
  const double sum = squares ? norm_.sum_squares(batch, d_y, w.width, gram) : 0;
  keep(batch, d_y, w);
  return sum;
}

// What the update will need, by column.
void SparseInput::keep(const SparseBatch& batch, const float* d_y, const ColumnWeights& w) {
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

double SparseInput::gradient_sum_squares(const Batch& any, const float* d_y, const ColumnWeights& w,
                                         const double* gram) {
  const SparseBatch& batch = any.sparse();
  if (!SparseNorm::few(batch)) gram = nullptr;
  if (gram != nullptr || norm_.cheap(batch, w.width)) return norm_.sum_squares(batch, d_y, w.width, gram);
  gradient_.reserve(pool_.size() * std::max(w.stride, kPiece));
  return sum_ranges(batch.touched, [&](size_t first, size_t end, unsigned worker) {
    double sum = 0;
    each_gradient(batch, d_y, w, false, first, end, worker, [&](size_t, const float* gradient, size_t) {
      if (gradient != nullptr) sum += kernels_.sum_squares(w.width, gradient);
    });
    return sum;
  });
}

void SparseInput::add_gradient(const Batch& any, const float* d_y, const ColumnWeights& w, float* d_w) {
  const SparseBatch& batch = any.sparse();
  gradient_.reserve(pool_.size() * std::max(w.stride, kPiece));
  sum_ranges(batch.touched, [&](size_t first, size_t end, unsigned worker) {
    each_gradient(batch, d_y, w, false, first, end, worker, [&](size_t column, const float* gradient, size_t) {
      if (gradient != nullptr) kernels_.add(w.width, gradient, d_w + column * w.stride);
    });
    return 0.0;
  });
}

}  // namespace nrw
