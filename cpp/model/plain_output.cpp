#include "model/plain_output.h"

#include <algorithm>
#include <cstring>

#include "layers/products.h"

namespace nrw {

namespace {

constexpr size_t kTile = 32;    // columns that are gathered at a time
constexpr size_t kGroups = 32;  // tasks of a loss's own walk

size_t tiles_of(size_t columns) noexcept { return (columns + kTile - 1) / kTile; }

double square(float o, float target) noexcept {
  const double error = static_cast<double>(o) - static_cast<double>(target);
  return error * error;
}

}  // namespace

size_t PlainOutput::workspace(const Loss& loss, uint32_t columns, uint64_t outputs, uint32_t rows,
                              unsigned threads) noexcept {
  if (!loss.separable()) {
    return (3 * size_t{rows} * outputs + threads * loss.row_workspace()) * sizeof(float) + 3 * rows * sizeof(double);
  }
  return (threads * kTile * (outputs / columns) * DenseBatch::stride_of(rows)) * sizeof(float) +
         3 * tiles_of(columns) * sizeof(double);
}

// Outputs of kTile columns at a time are gathered by column, for the loss, and their derivatives put back.
void PlainOutput::walk_before(const Batch& batch, const float* h, bool derivatives) {
  const unsigned count = loss_.walks(derivatives);
  for (unsigned number = 0; number < count; ++number) {
    loss_.begin_walk(batch.rows, std::min(kGroups, tiles_of(columns_)));
    by_column(batch, h, 1, nullptr, nullptr, static_cast<int>(number));
    loss_.end_walk(number);
  }
}

LossSums PlainOutput::by_column(const Batch& batch, const float* h, double a, float* d_h, double* column_sse,
                                int before) {
  const size_t m = batch.rows, width = outputs_.size(), stride = DenseBatch::stride_of(m), heads = loss_.heads();
  const size_t tiles = tiles_of(columns_), room = kTile * heads * stride;
  const bool same = outputs_.one_order();
  workspace_.reserve(pool_.size() * room);
  partial_.reserve(3 * tiles);
  const auto one_tile = [&](size_t group, size_t tile, unsigned worker) {
    float* const space = workspace_.data() + worker * room;
    const size_t first = tile * kTile, count = std::min(kTile, columns_ - first);
    size_t places[kTile];
    for (size_t head = 0; head < heads; ++head) {
      float* const to = space + head * kTile * stride;
      if (same) {
        transpose(m, count, h + head * columns_ + first, width, to, stride);
        continue;
      }
      for (size_t k = 0; k < count; ++k) places[k] = place(head * columns_ + first + k);
      for (size_t i = 0; i < m; ++i) {
        for (size_t k = 0; k < count; ++k) to[k * stride + i] = h[i * width + places[k]];
      }
    }
    TargetCursor cursor(batch, first);
    LossSums sums;
    for (size_t k = 0; k < count; ++k) {
      const size_t column = first + k;
      const TargetCursor::Targets targets = cursor.of(column);
      const LossColumn outputs{.column = static_cast<uint32_t>(column),
                               .rows = m,
                               .factor = a,
                               .weight = loss_.column_weight(column),
                               .row_weight = loss_.row_weights(batch, column),
                               .o = space + k * stride,
                               .head_stride = kTile * stride,
                               .dense = targets.dense,
                               .entries = targets.entries,
                               .entry_row = targets.entry_row,
                               .entry = targets.entry,
                               .parameters = d_h != nullptr};
      if (before >= 0) {
        loss_.walk_column(static_cast<unsigned>(before), group, outputs);
        continue;
      }
      const LossSums one = loss_.column(outputs);
      sums.value += one.value;
      sums.unweighted += one.unweighted;
      sums.squared_error += one.squared_error;
      if (column_sse != nullptr) column_sse[column] += one.squared_error;
    }
    for (size_t head = 0; d_h != nullptr && head < heads; ++head) {
      const float* const from = space + head * kTile * stride;
      if (same) {
        transpose(count, m, from, stride, d_h + head * columns_ + first, width);
        continue;
      }
      for (size_t k = 0; k < count; ++k) places[k] = place(head * columns_ + first + k);
      for (size_t i = 0; i < m; ++i) {
        for (size_t k = 0; k < count; ++k) d_h[i * width + places[k]] = from[k * stride + i];
      }
    }
    partial_[3 * tile] = sums.value;
    partial_[3 * tile + 1] = sums.squared_error;
    partial_[3 * tile + 2] = sums.unweighted;
  };
  const size_t groups = before < 0 ? tiles : std::min(kGroups, tiles);
  run_tasks(pool_, groups, 8 * m * width, [&](size_t group, unsigned worker) {
    for (size_t t = tiles * group / groups; t < tiles * (group + 1) / groups; ++t) one_tile(group, t, worker);
  });
  LossSums all;
  for (size_t tile = 0; tile < tiles; ++tile) {
    all.value += partial_[3 * tile];
    all.squared_error += partial_[3 * tile + 1];
    all.unweighted += partial_[3 * tile + 2];
  }
  return all;
}

// A task takes a row, in the order of the files.
LossSums PlainOutput::by_row(const Batch& batch, const float* h, double a, float* d_h, double* column_sse) {
  const size_t m = batch.rows, width = outputs_.size(), room = loss_.row_workspace();
  const bool same = outputs_.one_order();
  targets_.reserve(m * columns_);
  workspace_.reserve(pool_.size() * room);
  partial_.reserve(3 * m);
  if (!same) rows_.reserve(m * width);
  if (!same && d_h != nullptr) d_rows_.reserve(m * width);
  lay_out_rows(batch, Shape::flat(columns_), true, pool_, targets_.data());
  const float *const rows = same ? h : rows_.data(), *const weights = batch.row_weights();
  run_tasks(pool_, m, 16 * m * width, [&](size_t i, unsigned worker) {
    if (!same) to_channels_first(outputs_, h + i * width, rows_.data() + i * width);
    const float *const o = rows + i * width, *const target = targets_.data() + i * width;
    float* const d_o = d_h == nullptr ? nullptr : (same ? d_h : d_rows_.data()) + i * width;
    const double weight = weights == nullptr ? 1 : static_cast<double>(weights[i]);
    const double value = loss_.row({.factor = weight * a * static_cast<double>(columns_),
                                    .o = o,
                                    .target = target,
                                    .d_o = d_o,
                                    .workspace = workspace_.data() + worker * room});
    double squares = 0;
    for (size_t k = 0; k < width; ++k) squares += square(o[k], target[k]);
    partial_[3 * i] = weight * value;
    partial_[3 * i + 1] = squares;
    partial_[3 * i + 2] = value;
    if (d_o != nullptr && !same) to_channels_last(outputs_, d_o, d_h + i * width);
  });
  if (column_sse != nullptr) {
    for_blocks(pool_, columns_, kTile, m * width, [&](size_t first, size_t count) {
      for (size_t i = 0; i < m; ++i) {
        const size_t at = i * width;
        for (size_t k = first; k < first + count; ++k) column_sse[k] += square(rows[at + k], targets_[at + k]);
      }
    });
  }
  LossSums all;
  for (size_t i = 0; i < m; ++i) {
    all.value += static_cast<double>(columns_) * partial_[3 * i];
    all.squared_error += partial_[3 * i + 1];
    all.unweighted += static_cast<double>(columns_) * partial_[3 * i + 2];
  }
  return all;
}

LossSums PlainOutput::sums(const Batch& batch, const float* h, double a, float* d_h, double* column_sse) {
  loss_.begin(batch);
  if (loss_.separable()) walk_before(batch, h, d_h != nullptr);
  return loss_.separable() ? by_column(batch, h, a, d_h, column_sse) : by_row(batch, h, a, d_h, column_sse);
}

OutputLayer::Result PlainOutput::loss_backward(const Batch& batch, const float* h, double a, float* d_h, bool) {
  return {.loss = a * sums(batch, h, a, d_h, nullptr).value};
}

OutputLayer::Evaluation PlainOutput::evaluate(const Batch& batch, const float* h, double* column_sse) {
  const LossSums all = sums(batch, h, 1, nullptr, column_sse);
  return {all.value, all.unweighted, all.squared_error};
}

void PlainOutput::reconstruct(uint32_t rows, const float* h, const uint32_t* chosen, uint32_t count, float* out) {
  const size_t width = outputs_.size();
  if (loss_.separable() && loss_.walks(false) > 0) {
    SparseBatch unknown;  // rows without targets
    unknown.rows = rows;
    walk_before(unknown, h, false);
  }
  for_blocks(pool_, rows, 8, size_t{rows} * count, [&](size_t first, size_t some) {
    for (size_t i = first; i < first + some; ++i) {
      for (size_t k = 0; k < count; ++k) out[i * count + k] = h[i * width + place(chosen == nullptr ? k : chosen[k])];
      loss_.reconstruct(i, count, out + i * count);
    }
  });
}

void lay_out_rows(const Batch& batch, const Shape& shape, bool targets, ThreadPool& pool, float* y) noexcept {
  const size_t m = batch.rows, columns = batch.columns, places = shape.places(), channels = shape.channels();
  const auto place = [&](size_t column) { return column % places * channels + column / places; };
  if (const SparseBatch* const sparse = batch.if_sparse(); sparse != nullptr) {
    const float* const values = targets ? sparse->target.data() : sparse->inputs();
    for_blocks(pool, m, 8, m * columns, [&](size_t first, size_t count) {
      for (size_t i = first; i < first + count; ++i) {
        float* const row = y + i * columns;
        std::memset(row, 0, columns * sizeof(float));
        for (size_t k = sparse->row_ptr[i]; k < sparse->row_ptr[i + 1]; ++k) row[place(sparse->column[k])] = values[k];
      }
    });
    return;
  }
  const float* const values = targets ? batch.dense().target.data() : batch.dense().inputs();
  const size_t stride = batch.dense().stride();
  constexpr size_t kRows = 16;
  for_blocks(pool, m, kRows, 2 * m * columns, [&](size_t first, size_t count) {
    if (shape.one_order()) return transpose(columns, count, values + first, stride, y + first * columns, columns);
    for (size_t column = 0; column < columns; ++column) {
      const float* const from = values + column * stride + first;
      float* const to = y + first * columns + place(column);
      for (size_t i = 0; i < count; ++i) to[i * columns] = from[i];
    }
  });
}

}  // namespace nrw
