#include "layers/convolution.h"

namespace nrw {

namespace {

constexpr size_t kPartialFloats = size_t{1} << 22;  // the most that the sums of chunks take, where two do not
constexpr uint32_t kFewestChunks = 2, kMostChunks = 32;

size_t aligned(size_t floats) noexcept { return (floats + 15) / 16 * 16; }

size_t padded_size(const ConvGeometry& g) noexcept { return g.down.reach() * g.across.reach() * g.channels; }

// Channels of a group from which on gathers are faster than adding windows up: of signals, and of images at stride 1.
// Measured by bench_conv with AVX-512: 1.45 times as fast for a signal with 16 channels, 0.94 times for an image
// with 16.
constexpr size_t kSignalChannels = 16, kImageChannels = 32;

// The values of X at first + stride * i along one axis, as windows of Y. Whether they are without zeros before X.
bool part_axis(const ConvAxis& a, uint32_t first, ConvAxis& part) noexcept {
  if (a.stride > 1 && a.dilation > 1) return false;
  const uint32_t skip = (first + a.before) % a.stride;  // the first tap that meets these values
  if (skip >= a.kernel) return false;
  part.kernel = (a.kernel - skip + a.stride - 1) / a.stride;
  part.dilation = a.dilation;
  part.wide = a.narrow;
  part.narrow = (a.wide - first + a.stride - 1) / a.stride;
  const uint32_t back = (first + a.before - skip) / a.stride, all = (part.kernel - 1) * a.dilation;
  part.before = all - back;
  return back <= all;
}

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
      weight_(weight),
      sizes_(sizes_of(geometry, parts_)) {
  if (has_bias_) bias_ = Parameter(*bias);
}

std::vector<Parameter*> Convolution::parameters() {
  if (!has_bias_) return {&weight_};
  return {&weight_, &bias_};
}

std::vector<Convolution::Part> Convolution::parts_of(const ConvGeometry& g) {
  std::vector<Part> parts;
  const bool signal = g.down.wide == 1 && g.down.kernel == 1;
  if (g.group_channels() < (signal ? kSignalChannels : kImageChannels)) return parts;
  if (!signal && (g.down.stride > 1 || g.across.stride > 1)) return parts;
  size_t packed = 0;
  for (uint32_t down = 0; down < std::min(g.down.stride, g.down.wide); ++down) {
    for (uint32_t across = 0; across < std::min(g.across.stride, g.across.wide); ++across) {
      ConvGeometry from;
      from.channels = g.filters;
      from.filters = g.channels;
      from.groups = g.groups;
      if (!part_axis(g.down, down, from.down) || !part_axis(g.across, across, from.across)) return {};
      const size_t floats = Products::packed_size(from.depth(), from.group_filters());
      parts.push_back({from, down, across, packed, floats});
      packed += g.groups * floats;
    }
  }
  return parts;
}

Convolution::Sizes Convolution::sizes_of(const ConvGeometry& g, const std::vector<Part>& parts) noexcept {
  const size_t stretch = stretch_of(g);
  Sizes sizes{padded_size(g), stretch * g.depth(), Products::packed_size(stretch, g.group_filters()),
              g.groups * Products::packed_size(g.group_filters(), g.depth())};
  if (!parts.empty()) sizes.packed = parts.back().packed + g.groups * parts.back().depths;
  for (const Part& part : parts) {
    const ConvGeometry& from = part.geometry;
    sizes.padded = std::max(sizes.padded, padded_size(from));
    sizes.strip = std::max(sizes.strip, stretch_of(from) * from.depth());
    sizes.other = std::max(sizes.other, stretch_of(from) * from.filters);
  }
  return {aligned(sizes.padded), aligned(sizes.strip), aligned(sizes.other), sizes.packed};
}

size_t Convolution::workspace(const ConvGeometry& g, uint32_t rows, unsigned threads) {
  const Sizes sizes = sizes_of(g, parts_of(g));
  return g.weights() + g.groups * Products::packed_size(g.depth(), g.group_filters()) + sizes.packed +
         threads * (sizes.padded + sizes.strip + sizes.other) + chunks_of(g, rows) * partial_size(g);
}

void Convolution::reserve(uint32_t rows) {
  const ConvGeometry& g = geometry_;
  ordered_.reserve(g.weights());
  to_narrow_.reserve(g.groups * Products::packed_size(g.depth(), g.group_filters()));
  to_wide_.reserve(sizes_.packed);
  rooms_.reserve(products_.pool().size() * (sizes_.padded + sizes_.strip + sizes_.other));
  partials_.reserve(chunks_of(g, rows) * partial_size(g));
}

Convolution::Room Convolution::room(unsigned worker) noexcept {
  float* const start = rooms_.data() + worker * (sizes_.padded + sizes_.strip + sizes_.other);
  return {start, start + sizes_.padded, start + sizes_.padded + sizes_.strip};
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
  products_.kernels().pack_b(depth, filters, to, 1, depth,
                             to_narrow_.data() + group * Products::packed_size(depth, filters));
  if (parts_.empty()) {
    products_.kernels().pack_b(filters, depth, to, depth, 1,
                               to_wide_.data() + group * Products::packed_size(filters, depth));
  }
  for (const Part& part : parts_) pack_part(part, group);
}

// Values of a window in the order (taps in reverse, filters), a channel after the other.
void Convolution::pack_part(const Part& part, size_t group) noexcept {
  const ConvGeometry &g = geometry_, &p = part.geometry;
  const size_t filters = g.group_filters(), channels = g.group_channels(), depth = p.depth();
  const size_t skip_down = (part.down + g.down.before) % g.down.stride;
  const size_t skip_across = (part.across + g.across.before) % g.across.stride;
  float* const to = ordered_.data() + group * filters * g.depth();
  for (size_t ty = 0; ty < p.down.kernel; ++ty) {
    const size_t from_y = skip_down + (p.down.kernel - 1 - ty) * g.down.stride;
    for (size_t tx = 0; tx < p.across.kernel; ++tx) {
      const size_t tap = from_y * g.across.kernel + skip_across + (p.across.kernel - 1 - tx) * g.across.stride;
      for (size_t n = 0; n < filters; ++n) {
        const float* const from = weight_.value.data() + (group * filters + n) * g.depth() + tap;
        const size_t at = (ty * p.across.kernel + tx) * filters + n;
        for (size_t c = 0; c < channels; ++c) to[c * depth + at] = from[c * g.taps()];
      }
    }
  }
  products_.kernels().pack_b(depth, channels, to, 1, depth, to_wide_.data() + part.packed + group * part.depths);
}

template <class Finish>
void Convolution::gather(const ConvGeometry& g, const float* packed, const float* x, const Room& room, float* y,
                         bool apart, Finish&& finish) const noexcept {
  const size_t filters = g.group_filters(), depth = g.depth(), stretch = stretch_of(g);
  const Padded padded = pad(g, x, room);
  for (size_t first = 0; first < g.places(); first += stretch) {
    const size_t count = std::min(stretch, g.places() - first);
    float* const values = apart ? y : y + first * g.filters;
    for (size_t group = 0; group < g.groups; ++group) {
      const Windows a = windows(g, padded, group, first, count, room);
      products_.kernels().gemm(count, filters, depth, a.data, a.pitch, 1,
                               packed + group * Products::packed_size(depth, filters), values + group * filters,
                               g.filters, false);
    }
    finish(first, count, values);
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
void Convolution::to_narrow(const float* x, float* y, const Room& room, const float* bias, Done&& done) const noexcept {
  const size_t filters = geometry_.filters;
  gather(geometry_, to_narrow_.data(), x, room, y, false, [&](size_t first, size_t count, float* values) {
    add_bias(count, filters, bias, values);
    done(first * filters, count * filters);
  });
}

template <class Done>
void Convolution::to_wide(const float* y, float* x, const Room& room, const float* bias, Done&& done) const noexcept {
  const ConvGeometry& g = geometry_;
  if (parts_.size() == 1 && g.down.stride == 1 && g.across.stride == 1) {
    gather(parts_[0].geometry, to_wide_.data(), y, room, x, false, [&](size_t first, size_t count, float* values) {
      add_bias(count, g.channels, bias, values);
      done(first * g.channels, count * g.channels);
    });
    return;
  }
  if (parts_.empty()) scatter(y, x, room);
  for (const Part& part : parts_) {
    const size_t width = part.geometry.across.narrow;
    gather(part.geometry, to_wide_.data() + part.packed, y, room, room.other, true,
           [&](size_t first, size_t count, const float* values) {
             size_t i = first / width, j = first % width;
             for (size_t k = 0; k < count; ++k) {
               const size_t line = part.down + i * g.down.stride, place = part.across + j * g.across.stride;
               copy(g.channels, values + k * g.channels, x + (line * g.across.wide + place) * g.channels);
               if (++j == width) j = 0, ++i;
             }
           });
  }
  add_bias(g.wide_places(), g.channels, bias, x);
  done(0, g.wide_size());
}

// The chunks' sums, in their order, become part of the gradients.
void Convolution::add_partials(size_t chunks) noexcept {
  const ConvGeometry& g = geometry_;
  const size_t filters = g.group_filters(), channels = g.group_channels(), depth = g.depth(), taps = g.taps();
  const size_t size = partial_size(g);
  for_blocks(products_.pool(), g.groups * depth, 16, chunks * g.weights(), [&](size_t first, size_t count) {
    float* const sums = partials_.data() + first * filters;
    for (size_t chunk = 1; chunk < chunks; ++chunk) {
      products_.kernels().add(count * filters, sums + chunk * size, sums);
    }
    for (size_t i = first; i < first + count; ++i) {
      const size_t group = i / depth, tap = i % depth / channels, c = i % channels;
      for (size_t n = 0; n < filters; ++n) {
        weight_.gradient[((group * filters + n) * channels + c) * taps + tap] += partials_[i * filters + n];
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
      to_narrow(x + row * wide, y + row * narrow, room(worker), bias,
                [&](size_t first, size_t count) { after(row * narrow + first, count, y); });
    }
  });
}

// One loop: sums over the chunks of rows for the weights, and the rows of d_x.
void Convolution::backward_with(const Pass& pass, const float* x, const float* d_y, float* d_x,
                                const Before& before) noexcept {
  const ConvGeometry& g = geometry_;
  const size_t wide = g.wide_size(), narrow = g.narrow_size(), chunks = chunks_of(g, pass.rows);
  const float *const wide_rows = transposed_ ? d_y : x, *const narrow_rows = transposed_ ? x : d_y;
  const size_t d_x_tasks = d_x == nullptr ? 0 : pass.rows;
  const size_t work = 2 * pass.rows * g.places() * g.weights();
  run_tasks(products_.pool(), chunks + d_x_tasks, work, [&](size_t task, unsigned worker) {
    const Room mine = room(worker);
    if (task < chunks) {
      float* const partial = partials_.data() + task * partial_size(g);
      std::fill_n(partial, partial_size(g), 0.0f);
      for (size_t row = task * pass.rows / chunks; row < (task + 1) * pass.rows / chunks; ++row) {
        outer(wide_rows + row * wide, narrow_rows + row * narrow, mine, partial);
        if (!has_bias_) continue;
        if (transposed_) {
          add_place_sums(g.wide_places(), g.channels, d_y + row * wide, partial + g.weights());
        } else {
          add_place_sums(g.places(), g.filters, d_y + row * narrow, partial + g.weights());
        }
      }
      return;
    }
    const size_t row = task - chunks;
    if (transposed_) {
      to_narrow(d_y + row * wide, d_x + row * narrow, mine, nullptr,
                [&](size_t first, size_t count) { before(row * narrow + first, count, d_x); });
    } else {
      to_wide(d_y + row * narrow, d_x + row * wide, mine, nullptr,
              [&](size_t first, size_t count) { before(row * wide + first, count, d_x); });
    }
  });
  add_partials(chunks);
}

}  // namespace nrw
