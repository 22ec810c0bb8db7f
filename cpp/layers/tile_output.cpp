#include "layers/tile_output.h"

#include <algorithm>
#include <cstring>

#include "layers/products.h"

namespace nrw {

namespace {

// The size of a tile. What a tile reads more than once should stay in a second-level cache of 1 MB beside the panels of
// h: its W rows, their packed copy and its residual. The rule knows shapes only, never the machine or its threads, as
// the bits of d_h depend on it. At width 512 budgets from 384 KB to 1.6 MB take the same time.
constexpr size_t kTileBytes = 640 << 10;
constexpr size_t kMostColumns = 384;
constexpr size_t kFewTiles = 16;  // tiles shrink to 16 columns rather than leave threads without work

// Tiles are given out in groups of neighbours, each with its own partial d_h.
constexpr size_t kMostGroups = 32, kFewestGroups = 8;
constexpr size_t kMostPartialFloats = size_t{1} << 23;  // 32 MB of partial d_h

size_t round_up(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// strip: columns whose gradient is made and used up at a time.
size_t tile_columns(size_t columns, size_t width, size_t m, size_t strip) {
  const size_t fitting = kTileBytes / (sizeof(float) * (2 * width + m)) / strip;
  const size_t most = std::clamp<size_t>(fitting, 1, kMostColumns / strip) * strip;
  return std::min(most, round_up((columns + kFewTiles - 1) / kFewTiles, 16));
}

// Leading dimension of R^T: a stride of an odd number of cache lines spreads its columns over all sets of the cache.
size_t residual_stride(size_t m) { return round_up(m, 32) + 16; }

}  // namespace

// One walk over all tiles: the derivatives, and what is to be done with them.
struct TileOutput::Walk {
  const Batch& batch;
  const float* h;
  double a = 1;
  const ColumnWeights& w;
  const ColumnBias& bias;
  float* d_h = nullptr;          // made where given
  double* column_sse = nullptr;  // added to where given
  TileProducts* products = nullptr;
  int before = -1;        // the number of one of the loss's own walks, which makes outputs and nothing else
  bool gradient = false;  // of W and the bias: its sum of squares, and where given
  TiedInput tied{};       //   joined by the input layer's share
  ColumnWeights* update_w = nullptr;
  ColumnBias* update_bias = nullptr;
  const OptimizerStep* step = nullptr;   //   applied to update_w, update_bias
  float *d_w = nullptr, *d_b = nullptr;  //   added to these
};

// One tile of columns and its worker's workspace. Columns are counted as rows of W: heads of them make one of the data.
struct TileOutput::Tile {
  size_t group = 0, first = 0, count = 0;
  float* residual;       // R^T: count x residual_stride(m)
  float* bias_gradient;  // count
  float* gradient;       // strip x w.stride
  double loss = 0, unweighted = 0, squared_error = 0, sum_squares = 0;
  TileProducts::Tile operands{};
  Ahead next{};  // W's rows of the group's next tile
};

// R^T = the derivatives to the outputs W h^T + b of the tile, the loss, and the bias's gradient.
void TileOutput::make_residual(const Walk& work, Tile& tile) {
  const size_t m = work.batch.rows, stride = residual_stride(m);
  work.products->residual(tile.operands, work.d_h != nullptr, work.d_h == nullptr ? tile.next : Ahead{});
  double gradients[kMostHeads];
  TargetCursor cursor(work.batch, tile.first / heads_);
  for (size_t i = 0; i < tile.count; i += heads_) {
    const size_t column = (tile.first + i) / heads_;
    const TargetCursor::Targets targets = cursor.of(column);
    const LossColumn outputs{.column = static_cast<uint32_t>(column),
                             .rows = m,
                             .factor = work.a,
                             .weight = loss_.column_weight(column),
                             .row_weight = loss_.row_weights(work.batch, column),
                             .o = tile.residual + i * stride,
                             .head_stride = stride,
                             .bias = work.bias.value.size() == 0 ? nullptr : &work.bias.value[tile.first + i],
                             .dense = targets.dense,
                             .entries = targets.entries,
                             .entry_row = targets.entry_row,
                             .entry = targets.entry,
                             .parameters = work.d_h != nullptr};
    if (work.before >= 0) {
      loss_.walk_column(static_cast<unsigned>(work.before), tile.group, outputs);
      continue;
    }
    const LossSums sums = loss_.column(outputs, heads_ == 1 ? nullptr : gradients);
    tile.loss += sums.value;
    tile.unweighted += sums.unweighted;
    tile.squared_error += sums.squared_error;
    if (heads_ == 1) gradients[0] = sums.gradient;
    for (size_t head = 0; head < heads_; ++head) tile.bias_gradient[i + head] = static_cast<float>(gradients[head]);
    if (work.column_sse != nullptr) work.column_sse[column] += sums.squared_error;
  }
}

// The gradient R^T h (+ the tied share) of the tile, strip by strip, each used up while it is in cache.
void TileOutput::make_gradient(const Walk& work, Tile& tile) {
  const size_t m = work.batch.rows, width = work.w.width, stride = work.w.stride;
  const SparseBatch* const sparse = work.tied.d_y == nullptr ? nullptr : work.batch.if_sparse();
  ColumnCursor cursor(sparse, tile.first);
  const size_t strip_size = work.products->strip();
  for (size_t strip = 0; strip < tile.count; strip += strip_size) {
    const size_t count = std::min(strip_size, tile.count - strip);
    if (m == 0) {
      std::memset(tile.gradient, 0, count * stride * sizeof(float));
    } else {
      Ahead moments{};
      if (work.update_w != nullptr) {
        ColumnWeights& w = *work.update_w;
        const size_t row = tile.first + strip;
        moments = {w.moment1_row(row), w.moment2_row(row), count * stride};
      }
      work.products->d_w(tile.operands, strip, count, tile.gradient, stride, moments);
    }
    if (work.batch.is_dense() && work.tied.d_y != nullptr) {
      const size_t x_stride = work.batch.dense().stride();
      kernels_.gemm(count, width, m, work.batch.dense().inputs() + (tile.first + strip) * x_stride, x_stride, 1,
                    packed_d_y_.data(), tile.gradient, stride, true);
    }
    for (size_t i = 0; i < count; ++i) {
      const size_t column = tile.first + strip + i;
      float* gradient = tile.gradient + i * stride;
      if (sparse != nullptr) {
        const auto [begin, entries] = cursor.entries(column);
        sparse_.gather(width, entries, sparse->csc_row.data() + begin, sparse->csc_inputs() + begin, work.tied.d_y,
                       width, true, gradient);
      }
      tile.sum_squares += kernels_.sum_squares(width, gradient);
      if (work.update_w != nullptr) work.update_w->update_row(kernels_, *work.step, column, gradient);
      if (work.d_w != nullptr) kernels_.add(width, gradient, work.d_w + column * stride);
    }
  }
  if (work.bias.value.size() == 0) return;
  tile.sum_squares += kernels_.sum_squares(tile.count, tile.bias_gradient);
  if (work.update_bias != nullptr) {
    const auto from = [&](AlignedBuffer<float>& buffer) { return buffer.size() == 0 ? nullptr : &buffer[tile.first]; };
    ColumnBias& bias = *work.update_bias;
    kernels_.update(tile.count, *work.step, tile.bias_gradient, from(bias.value), from(bias.moment1),
                    from(bias.moment2));
  }
  if (work.d_b != nullptr) kernels_.add(tile.count, tile.bias_gradient, work.d_b + tile.first);
}

TileOutput::Result TileOutput::walk(const Walk& work) {
  loss_.begin(work.batch);
  walk_before(work);
  return tiles(work);
}

void TileOutput::walk_before(const Walk& work) {
  const unsigned count = loss_.walks(work.d_h != nullptr || work.gradient);
  for (unsigned number = 0; number < count; ++number) {
    tiles({.batch = work.batch,
           .h = work.h,
           .w = work.w,
           .bias = work.bias,
           .products = work.products,
           .before = static_cast<int>(number)});
    loss_.end_walk(number);
  }
}

TileOutput::Result TileOutput::tiles(const Walk& work) {
  TileProducts& products = *work.products;
  const size_t m = work.batch.rows, width = work.w.width, columns = work.w.columns;
  const size_t tile_size = round_up(tile_columns(columns, width, m, products.strip()), heads_);
  const size_t tiles = (columns + tile_size - 1) / tile_size;
  const size_t affordable = work.d_h == nullptr ? kMostGroups : kMostPartialFloats / std::max<size_t>(1, m * width);
  const size_t groups = std::min(tiles, std::clamp(affordable, kFewestGroups, kMostGroups));
  if (work.before >= 0) loss_.begin_walk(m, groups);

  const size_t residual_floats = tile_size * residual_stride(m), bias_floats = round_up(tile_size, 16);
  const size_t product_floats = round_up(products.workspace(tile_size, m, width), 16);
  const size_t gradient_floats = work.gradient ? products.strip() * work.w.stride : 0;
  const size_t worker_floats = residual_floats + bias_floats + product_floats + gradient_floats;
  workspace_.reserve(pool_.size() * worker_floats);
  partial_.reserve(4 * tiles);
  if (work.d_h != nullptr) partial_d_h_.reserve(groups * m * width);
  if (m != 0) products.pack(m, width, work.h, work.gradient);
  if (work.batch.is_dense() && work.tied.d_y != nullptr) {
    packed_d_y_.reserve(m * round_up(width, kPanel));
    kernels_.pack_b(m, width, work.tied.d_y, width, 1, packed_d_y_.data());
  }

  pool_.run(groups, [&](size_t group, unsigned worker) {
    float* space = workspace_.data() + worker * worker_floats;
    const size_t first = tiles * group / groups, end = tiles * (group + 1) / groups;
    for (size_t t = first; t < end; ++t) {
      Tile tile;
      tile.group = group;
      tile.first = t * tile_size;
      tile.count = std::min(tile_size, columns - tile.first);
      tile.residual = space;
      tile.bias_gradient = tile.residual + residual_floats;
      float* const product_space = tile.bias_gradient + bias_floats;
      tile.gradient = product_space + product_floats;
      tile.operands = {tile.count,    work.w.row(tile.first), work.w.stride,
                       tile.residual, residual_stride(m),     product_space};
      if (t + 1 < end) {
        const size_t next = tile.first + tile.count;
        tile.next = {work.w.row(next), nullptr, std::min(tile_size, columns - next) * work.w.stride};
      }
      if (m != 0) {
        make_residual(work, tile);
      } else {
        std::memset(tile.bias_gradient, 0, bias_floats * sizeof(float));
      }
      if (work.d_h != nullptr && m != 0) {  // before the update: d_h is of the weights that made the residual
        products.d_h(tile.operands, partial_d_h_.data() + group * m * width, t != first, tile.next);
      }
      if (work.gradient) make_gradient(work, tile);
      partial_[4 * t] = tile.loss;
      partial_[4 * t + 1] = tile.sum_squares;
      partial_[4 * t + 2] = tile.squared_error;
      partial_[4 * t + 3] = tile.unweighted;
    }
  });

  if (work.d_h != nullptr) {
    run_tasks(pool_, m, groups * m * width, [&](size_t i, unsigned) {
      float* row = work.d_h + i * width;
      std::memcpy(row, partial_d_h_.data() + i * width, width * sizeof(float));
      for (size_t group = 1; group < groups; ++group) {
        kernels_.add(width, partial_d_h_.data() + (group * m + i) * width, row);
      }
    });
  }
  Result sums;
  for (size_t t = 0; t < tiles; ++t) {
    sums.loss += partial_[4 * t];
    sums.sum_squares += partial_[4 * t + 1];
    sums.squared_error += partial_[4 * t + 2];
    sums.unweighted += partial_[4 * t + 3];
  }
  sums.loss *= work.a;
  return sums;
}

TileProducts& TileOutput::training() noexcept { return bf16_ == nullptr ? *f32_ : *bf16_; }

TileOutput::Result TileOutput::train(const Batch& batch, const float* h, double a, ColumnWeights& w, ColumnBias& bias,
                                     float* d_h, const OptimizerStep& step) {
  require_moments(step, w.value.size(), w.moment1, w.moment2);
  require_moments(step, bias.value.size(), bias.moment1, bias.moment2);
  return walk({.batch = batch,
               .h = h,
               .a = a,
               .w = w,
               .bias = bias,
               .d_h = d_h,
               .products = &training(),
               .gradient = true,
               .update_w = &w,
               .update_bias = &bias,
               .step = &step});
}

TileOutput::Result TileOutput::loss_backward(const Batch& batch, const float* h, double a, const ColumnWeights& w,
                                             const ColumnBias& bias, float* d_h, bool want_norm) {
  return walk({.batch = batch,
               .h = h,
               .a = a,
               .w = w,
               .bias = bias,
               .d_h = d_h,
               .products = &training(),
               .gradient = want_norm});
}

double TileOutput::update(const Batch& batch, const float* h, double a, ColumnWeights& w, ColumnBias& bias,
                          const TiedInput& tied, const OptimizerStep& step) {
  require_moments(step, w.value.size(), w.moment1, w.moment2);
  require_moments(step, bias.value.size(), bias.moment1, bias.moment2);
  return walk({.batch = batch,
               .h = h,
               .a = a,
               .w = w,
               .bias = bias,
               .products = &training(),
               .gradient = true,
               .tied = tied,
               .update_w = &w,
               .update_bias = &bias,
               .step = &step})
      .sum_squares;
}

double TileOutput::gradient_sum_squares(const Batch& batch, const float* h, double a, const ColumnWeights& w,
                                        const ColumnBias& bias, const TiedInput& tied) {
  return walk({.batch = batch,
               .h = h,
               .a = a,
               .w = w,
               .bias = bias,
               .products = &training(),
               .gradient = true,
               .tied = tied})
      .sum_squares;
}

void TileOutput::add_gradient(const Batch& batch, const float* h, double a, const ColumnWeights& w,
                              const ColumnBias& bias, float* d_w, float* d_b) {
  walk({.batch = batch,
        .h = h,
        .a = a,
        .w = w,
        .bias = bias,
        .products = &training(),
        .gradient = true,
        .d_w = d_w,
        .d_b = d_b});
}

TileOutput::Result TileOutput::evaluate(const Batch& batch, const float* h, const ColumnWeights& w,
                                        const ColumnBias& bias, double* column_sse) {
  return walk({.batch = batch, .h = h, .w = w, .bias = bias, .column_sse = column_sse, .products = f32_.get()});
}

void TileOutput::reconstruct(uint32_t m, const float* h, const ColumnWeights& w, const ColumnBias& bias,
                             const uint32_t* chosen, uint32_t count, float* out) {
  // Here h is the matrix whose elements are broadcast and the W rows of a tile are packed, as out is row by row.
  const bool in_place = chosen == nullptr && heads_ == 1;  // W's rows are there as they are wanted
  const size_t width = w.width, tile_size = round_up(tile_columns(count, width, m, f32_->strip()), kPanel);
  const size_t tiles = (count + tile_size - 1) / tile_size, rows_floats = in_place ? 0 : tile_size * w.stride;
  const bool biased = bias.value.size() != 0;
  if (m == 0) return;
  if (loss_.walks(false) > 0) {
    SparseBatch unknown;  // rows without targets
    unknown.rows = m;
    walk_before({.batch = unknown, .h = h, .w = w, .bias = bias, .products = f32_.get()});
  }
  const size_t worker_floats = rows_floats + tile_size * width + round_up(tile_size, 16);
  workspace_.reserve(pool_.size() * worker_floats);
  pool_.run(tiles, [&](size_t task, unsigned worker) {
    float* rows = workspace_.data() + worker * worker_floats;
    float* packed = rows + rows_floats;
    float* tile_bias = packed + tile_size * width;
    const size_t first = task * tile_size, columns = std::min(tile_size, count - first);
    const float* tile_rows = in_place ? w.row(first) : rows;
    for (size_t i = 0; i < columns; ++i) {
      const size_t column = heads_ * (chosen == nullptr ? first + i : chosen[first + i]);
      if (!in_place) std::memcpy(rows + i * w.stride, w.row(column), width * sizeof(float));
      if (biased) tile_bias[i] = bias.value[column];
    }
    if (biased) {
      for (size_t i = 0; i < m; ++i) std::memcpy(out + i * count + first, tile_bias, columns * sizeof(float));
    }
    kernels_.pack_b(width, columns, tile_rows, 1, w.stride, packed);
    kernels_.gemm(m, columns, width, h, width, 1, packed, out + first, count, biased);
    for (size_t i = 0; i < m; ++i) loss_.reconstruct(i, columns, out + i * count + first);
  });
}

}  // namespace nrw
