#include "layers/convolution.h"

namespace nrw {

namespace {

constexpr size_t kPartialFloats = size_t{1} << 22;  // the most that the sums of chunks take, where two do not
constexpr uint32_t kFewestChunks = 2, kMostChunks = 32;

size_t aligned(size_t floats) noexcept { return (floats + 15) / 16 * 16; }

size_t padded_size(const ConvGeometry& g) noexcept { return g.down.reach() * g.across.reach() * g.channels; }

size_t partial_size(const ConvGeometry& g) noexcept { return g.weights() + std::max(g.filters, g.channels); }

// Of the rows of a batch: sums over a chunk are made by one task. A function of sizes alone, not of the threads.
size_t chunks_of(const ConvGeometry& g, uint32_t rows) noexcept {
  const size_t fit = kPartialFloats / partial_size(g);
  return std::min<size_t>(rows, std::clamp<size_t>(fit, kFewestChunks, kMostChunks));
}

}  // namespace

Convolution::Convolution(Products& products, const ConvGeometry& geometry, bool transposed, const TensorSpec& weight,
                         const TensorSpec* bias)
    : products_(products),
      geometry_(geometry),
      transposed_(transposed),
      has_bias_(bias != nullptr),
      parts_(parts_of(geometry)),
      around_(around(geometry, parts_)),
      weight_(weight),
      sizes_(sizes_of(geometry, parts_)) {
  if (has_bias_) bias_ = Parameter(*bias);
}

std::vector<Parameter*> Convolution::parameters() {
  if (!has_bias_) return {&weight_};
  return {&weight_, &bias_};
}

Convolution::Sizes Convolution::sizes_of(const ConvGeometry& g, const std::vector<Part>& parts) noexcept {
  const size_t stretch = stretch_of(g);
  Sizes sizes{padded_size(g), padded_size(around(g, parts)), stretch * g.depth(),
              g.groups * Products::packed_size(g.group_filters(), g.depth())};
  if (!parts.empty()) sizes.packed = parts.back().packed + g.groups * parts.back().depths;
  for (const Part& part : parts) {
    const ConvGeometry& from = part.geometry;
    sizes.narrow = std::max(sizes.narrow, padded_size(from));
    sizes.strip = std::max(sizes.strip, stretch_of(from) * from.depth());
  }
  return {aligned(sizes.wide), aligned(sizes.narrow), aligned(sizes.strip), sizes.packed};
}

size_t Convolution::workspace(const ConvGeometry& g, uint32_t rows, unsigned threads) {
  const Sizes sizes = sizes_of(g, parts_of(g));
  return g.weights() + g.groups * Products::packed_size(g.depth(), g.group_filters()) + sizes.packed +
         threads * sizes.room() + chunks_of(g, rows) * partial_size(g);
}

void Convolution::reserve(uint32_t rows) {
  const ConvGeometry& g = geometry_;
  ordered_.reserve(g.weights());
  to_narrow_.reserve(g.groups * Products::packed_size(g.depth(), g.group_filters()));
  to_wide_.reserve(sizes_.packed);
  rooms_.reserve(products_.pool().size() * sizes_.room());  // zeros
  partials_.reserve(chunks_of(g, rows) * partial_size(g));
}

Convolution::Room Convolution::room(unsigned worker) noexcept {
  float* const start = rooms_.data() + worker * sizes_.room();
  return {start, start + sizes_.wide, start + sizes_.wide + sizes_.narrow};
}

void Convolution::pack(size_t group) noexcept {
  const ConvGeometry& g = geometry_;
  const size_t filters = g.group_filters(), channels = g.group_channels(), taps = g.taps(), depth = g.depth();
  const float* const from = weight_.value.data() + group * filters * depth;
  float* const to = ordered_.data() + group * filters * depth;
  for (size_t n = 0; n < filters; ++n) {
    for (size_t t = 0; t < taps; ++t) {
      for (size_t c = 0; c < channels; ++c) to[n * depth + t * channels + c] = from[n * depth + c * taps + t];
    }
  }
  pack_for(g, to, to_narrow_.data() + group * Products::packed_size(depth, filters));
  if (parts_.empty()) {
    products_.kernels().pack_b(filters, depth, to, depth, 1,
                               to_wide_.data() + group * Products::packed_size(filters, depth));
  }
  for (const Part& part : parts_) pack_part(part, group);
}

// A group's weights (filters x depth), as gather takes them.
void Convolution::pack_for(const ConvGeometry& g, const float* weights, float* to) const noexcept {
  if (by_dots(g)) {
    std::copy_n(weights, g.group_filters() * g.depth(), to);
  } else {
    products_.kernels().pack_b(g.depth(), g.group_filters(), weights, 1, g.depth(), to);
  }
}

template <class Finish>
void Convolution::gather(const ConvGeometry& g, const float* packed, const float* bias, const Padded& padded,
                         const Room& room, const Places<float>& y, Finish&& finish) const noexcept {
  const size_t filters = g.group_filters(), depth = g.depth(), width = g.across.narrow;
  for (size_t first = 0, count; first < g.places(); first += count) {
    count = stretch_at(g, padded, first);
    for (size_t group = 0; group < g.groups; ++group) {
      const Windows w = windows(g, padded, group, first, count, room);
      const float* const weights = packed + group * Products::packed_size(depth, filters);
      const float* const added = bias == nullptr ? nullptr : bias + group * filters;
      const Places<float> to{y.at(first / width, first % width) + group * filters, y.line_pitch, y.pitch};
      const Kernels& kernels = products_.kernels();
      (by_dots(g) ? kernels.window_dots : kernels.window_gemm)(w, filters, weights, added, to);
    }
    finish(first, count);
  }
}

void Convolution::add_bias(size_t places, size_t width, const float* bias, float* values) const noexcept {
  if (bias == nullptr) return;
  if (width == 1) {
    for (size_t i = 0; i < places; ++i) values[i] += bias[0];
  } else {
    for (size_t i = 0; i < places; ++i) products_.kernels().add(width, bias, values + i * width);
  }
}

template <class Done>
void Convolution::to_narrow(const Padded& x, float* y, const Room& room, const float* bias,
                            Done&& done) const noexcept {
  const size_t filters = geometry_.filters;
  gather(geometry_, to_narrow_.data(), bias, x, room, {y, geometry_.across.narrow * filters, filters},
         [&](size_t first, size_t count) { done(first * filters, count * filters); });
}

template <class Done>
void Convolution::to_wide(const float* y, float* x, const Room& room, const float* bias, Done&& done) const noexcept {
  const ConvGeometry& g = geometry_;
  const size_t line = g.across.wide * g.channels;
  if (parts_.size() == 1 && !parts_[0].geometry.apart) {
    const ConvGeometry& p = parts_[0].geometry;
    gather(p, to_wide_.data(), bias, pad(p, y, room.narrow, true), room, {x, line, g.channels},
           [&](size_t first, size_t count) { done(first * g.channels, count * g.channels); });
    return;
  }
  if (parts_.empty()) {
    scatter(y, x, room);
    add_bias(g.wide_places(), g.channels, bias, x);
  }
  const bool shared = around_.channels > 0;
  const Padded all = shared ? pad(around_, y, room.narrow, true) : Padded{};
  for (const Part& part : parts_) {
    const ConvGeometry& p = part.geometry;
    Padded own = shared ? all : pad(p, y, room.narrow, false);
    if (shared) {
      own.data += (around_.down.before - p.down.before) * all.line_pitch +
                  (around_.across.before - p.across.before) * p.group_channels();
    }
    gather(p, to_wide_.data() + part.packed, bias, own, room,
           {x + part.down * line + part.across * g.channels, g.down.stride * line, g.across.stride * g.channels},
           [](size_t, size_t) {});
  }
  done(0, g.wide_size());
}

// The chunks' sums, in their order, become part of the gradients.
void Convolution::add_partials(size_t chunks) noexcept {
  const ConvGeometry& g = geometry_;
  const size_t channels = g.group_channels(), depth = g.depth(), taps = g.taps(), size = partial_size(g);
  const bool across = by_filters(g);
  const size_t filters = g.group_filters(), pitch = across ? filters : 1;
  for_blocks(products_.pool(), g.filters, across ? filters : 8, chunks * g.weights(), [&](size_t first, size_t count) {
    float* const sums = partials_.data() + first * depth;
    for (size_t chunk = 1; chunk < chunks; ++chunk) products_.kernels().add(count * depth, sums + chunk * size, sums);
    for (size_t n = 0; n < count; ++n) {
      float* const to = weight_.gradient.data() + (first + n) * depth;
      const float* const from = sums + n * (across ? 1 : depth);
      for (size_t t = 0; t < taps; ++t) {
        for (size_t c = 0; c < channels; ++c) to[c * taps + t] += from[(t * channels + c) * pitch];
      }
    }
  });
  if (!has_bias_) return;
  float* const sums = partials_.data() + g.weights();
  for (size_t chunk = 1; chunk < chunks; ++chunk) products_.kernels().add(bias_.size(), sums + chunk * size, sums);
  products_.kernels().add(bias_.size(), sums, bias_.gradient.data());
}

void Convolution::forward_with(const Pass& pass, const float* x, float* y, const After& after) noexcept {
  const ConvGeometry& g = geometry_;
  const size_t wide = g.wide_size(), narrow = g.narrow_size();
  const float* const bias = has_bias_ ? bias_.value.data() : nullptr;
  run_tasks(products_.pool(), pass.rows, pass.rows * g.places() * g.weights(), [&](size_t row, unsigned worker) {
    if (transposed_) {
      to_wide(x + row * narrow, y + row * wide, room(worker), bias,
              [&](size_t first, size_t count) { after(row * wide + first, count, y); });
    } else {
      const Room mine = room(worker);
      to_narrow(pad_wide(x + row * wide, mine), y + row * narrow, mine, bias,
                [&](size_t first, size_t count) { after(row * narrow + first, count, y); });
    }
  });
}

// A row's share of the gradients to weights and bias.
void Convolution::add_row(const Padded& x, const float* y, const float* d_y, const Room& room,
                          float* partial) const noexcept {
  const ConvGeometry& g = geometry_;
  outer(x, y, room, partial);
  if (!has_bias_) return;
  if (transposed_) {
    add_place_sums(g.wide_places(), g.channels, d_y, partial + g.weights());
  } else {
    add_place_sums(g.places(), g.filters, d_y, partial + g.weights());
  }
}

// One loop: sums over the chunks of rows for the weights, and the rows of d_x. Where there are chunks enough for any
// number of threads, a chunk's task makes its rows of d_x, too, while d_y is in cache.
void Convolution::backward_with(const Pass& pass, const float* x, const float* d_y, float* d_x,
                                const Before& before) noexcept {
  const ConvGeometry& g = geometry_;
  const size_t wide = g.wide_size(), narrow = g.narrow_size(), chunks = chunks_of(g, pass.rows);
  const bool together = chunks == kMostChunks, wanted = d_x != nullptr;
  const size_t d_x_tasks = wanted && !together ? pass.rows : 0;
  const size_t work = 2 * pass.rows * g.places() * g.weights();
  const auto narrow_d_x = [&](size_t row, const Padded& padded, const Room& mine) {
    to_narrow(padded, d_x + row * narrow, mine, nullptr,
              [&](size_t first, size_t count) { before(row * narrow + first, count, d_x); });
  };
  const auto wide_d_x = [&](size_t row, const Room& mine) {
    to_wide(d_y + row * narrow, d_x + row * wide, mine, nullptr,
            [&](size_t first, size_t count) { before(row * wide + first, count, d_x); });
  };
  run_tasks(products_.pool(), chunks + d_x_tasks, work, [&](size_t task, unsigned worker) {
    const Room mine = room(worker);
    if (task >= chunks) {
      const size_t row = task - chunks;
      return transposed_ ? narrow_d_x(row, pad_wide(d_y + row * wide, mine), mine) : wide_d_x(row, mine);
    }
    float* const partial = partials_.data() + task * partial_size(g);
    std::fill_n(partial, partial_size(g), 0.0f);
    for (size_t row = task * pass.rows / chunks; row < (task + 1) * pass.rows / chunks; ++row) {
      if (transposed_) {
        const Padded padded = pad_wide(d_y + row * wide, mine);
        add_row(padded, x + row * narrow, d_y + row * wide, mine, partial);
        if (wanted && together) narrow_d_x(row, padded, mine);
      } else {
        add_row(pad_wide(x + row * wide, mine), d_y + row * narrow, d_y + row * narrow, mine, partial);
        if (wanted && together) wide_d_x(row, mine);
      }
    }
  });
  add_partials(chunks);
}

}  // namespace nrw
