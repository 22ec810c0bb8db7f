#include "layers/convolution.h"

#include <cstring>

namespace nrw {

namespace {

constexpr size_t kStripFloats = 24576;              // about 100 KB: half of a second-level cache
constexpr size_t kShort = 16;                       // runs that a loop copies faster than a call
constexpr size_t kPartialFloats = size_t{1} << 22;  // the most that the sums of chunks take, where two do not
constexpr uint32_t kFewestChunks = 2, kMostChunks = 32;

size_t aligned(size_t floats) noexcept { return (floats + 15) / 16 * 16; }

// Whether windows that follow each other lie `across.stride` places apart: no line ends between them.
bool overlapping(const ConvGeometry& g) noexcept {
  if (g.down.kernel != 1 || (g.across.dilation != 1 && g.across.kernel != 1)) return false;
  return g.down.narrow == 1 || (g.down.stride == 1 && g.across.reach() == size_t{g.across.narrow} * g.across.stride);
}

// A multiple of the kernels' depth where strips are short, so that sums over places come in whole parts.
size_t stretch_of(const ConvGeometry& g) noexcept {
  constexpr size_t kPart = 128;
  const size_t fit = kStripFloats / g.depth();
  const size_t some = fit >= kPart ? std::min(fit / kPart * kPart, 4 * kPart) : std::max<size_t>(24, fit / 12 * 12);
  return std::min(some, g.places());
}

size_t padded_size(const ConvGeometry& g) noexcept { return g.down.reach() * g.across.reach() * g.channels; }

size_t room_size(const ConvGeometry& g) noexcept {
  const size_t stretch = stretch_of(g);
  return aligned(padded_size(g)) + aligned(stretch * g.depth()) +
         aligned(Products::packed_size(stretch, g.group_filters()));
}

size_t partial_size(const ConvGeometry& g) noexcept { return g.weights() + std::max(g.filters, g.channels); }

// Of the rows of a batch: sums over a chunk are made by one task. A function of sizes alone, not of the threads.
size_t chunks_of(const ConvGeometry& g, uint32_t rows) noexcept {
  const size_t fit = kPartialFloats / partial_size(g);
  return std::min<size_t>(rows, std::clamp<size_t>(fit, kFewestChunks, kMostChunks));
}

void copy(size_t n, const float* from, float* to) noexcept {
  if (n >= kShort) {
    std::memcpy(to, from, n * sizeof(float));
  } else {
    for (size_t i = 0; i < n; ++i) to[i] = from[i];
  }
}

}  // namespace

Convolution::Convolution(Products& products, const ConvGeometry& geometry, bool transposed, const TensorSpec& weight,
                         const TensorSpec* bias)
    : products_(products),
      geometry_(geometry),
      transposed_(transposed),
      has_bias_(bias != nullptr),
      stretch_(stretch_of(geometry)),
      weight_(weight) {
  if (has_bias_) bias_ = Parameter(*bias);
}

std::vector<Parameter*> Convolution::parameters() {
  if (!has_bias_) return {&weight_};
  return {&weight_, &bias_};
}

size_t Convolution::workspace(const ConvGeometry& g, uint32_t rows, unsigned threads) noexcept {
  const size_t packed = Products::packed_size(g.depth(), g.group_filters()) +
                        aligned(Products::packed_size(g.group_filters(), g.depth()));
  return g.weights() + g.groups * packed + threads * room_size(g) + chunks_of(g, rows) * partial_size(g);
}

void Convolution::reserve(uint32_t rows) {
  const ConvGeometry& g = geometry_;
  ordered_.reserve(g.weights());
  to_narrow_.reserve(g.groups * Products::packed_size(g.depth(), g.group_filters()));
  to_wide_.reserve(g.groups * Products::packed_size(g.group_filters(), g.depth()));
  rooms_.reserve(products_.pool().size() * room_size(g));
  partials_.reserve(chunks_of(g, rows) * partial_size(g));
}

Convolution::Room Convolution::room(unsigned worker) noexcept {
  float* const start = rooms_.data() + worker * room_size(geometry_);
  float* const strip = start + aligned(padded_size(geometry_));
  return {start, strip, strip + aligned(stretch_ * geometry_.depth())};
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
  products_.kernels().pack_b(filters, depth, to, depth, 1,
                             to_wide_.data() + group * Products::packed_size(filters, depth));
}

// One group without zeros around it is read where it lies.
Convolution::Padded Convolution::pad(const float* x, const Room& room) const noexcept {
  const ConvGeometry& g = geometry_;
  const size_t height = g.down.reach(), width = g.across.reach(), channels = g.group_channels();
  const Padded padded{room.padded, height * width * channels, width * channels};
  const bool inside = g.down.before == 0 && g.across.before == 0 && height <= g.down.wide &&
                      (height == 1 ? width <= g.across.wide : width == g.across.wide);
  if (g.groups == 1 && inside) return {x, padded.group_size, padded.line_pitch};
  const size_t left = std::min<size_t>(g.across.before, width);
  const size_t given = std::min<size_t>(g.across.wide, width - left);  // values of a line
  for (size_t group = 0; group < g.groups; ++group) {
    for (size_t line = 0; line < height; ++line) {
      float* const to = room.padded + group * padded.group_size + line * padded.line_pitch;
      const size_t y = line - g.down.before;  // below 0: very large
      if (y >= g.down.wide) {
        std::fill_n(to, padded.line_pitch, 0.0f);
        continue;
      }
      std::fill_n(to, left * channels, 0.0f);
      std::fill_n(to + (left + given) * channels, (width - left - given) * channels, 0.0f);
      const float* const from = x + y * g.across.wide * g.channels + group * channels;
      if (g.groups == 1) {
        std::memcpy(to + left * channels, from, given * channels * sizeof(float));
      } else {
        for (size_t i = 0; i < given; ++i) copy(channels, from + i * g.channels, to + (left + i) * channels);
      }
    }
  }
  return padded;
}

Convolution::Windows Convolution::windows(const Padded& padded, size_t group, size_t first, size_t count,
                                          const Room& room) const noexcept {
  const ConvGeometry& g = geometry_;
  const size_t channels = g.group_channels(), step = g.across.stride * channels;
  const float* const image = padded.data + group * padded.group_size;
  if (overlapping(g)) return {image + first * step, step};
  const bool together = g.across.dilation == 1;  // the taps of a line
  const size_t runs = together ? 1 : g.across.kernel, run = (together ? g.across.kernel : 1) * channels;
  const size_t depth = g.depth();
  for (size_t ty = 0; ty < g.down.kernel; ++ty) {
    size_t oy = first / g.across.narrow, ox = first % g.across.narrow;
    float* to = room.strip + ty * g.across.kernel * channels;
    for (size_t i = 0; i < count; ++i, to += depth) {
      const float* const from = image + (oy * g.down.stride + ty * g.down.dilation) * padded.line_pitch + ox * step;
      for (size_t r = 0; r < runs; ++r) copy(run, from + r * g.across.dilation * channels, to + r * run);
      if (++ox == g.across.narrow) ox = 0, ++oy;
    }
  }
  return {room.strip, depth};
}

template <class Finish>
void Convolution::gather(const float* x, float* y, const Room& room, const float* bias,
                         Finish&& finish) const noexcept {
  const ConvGeometry& g = geometry_;
  const Kernels& kernels = products_.kernels();
  const size_t filters = g.group_filters(), depth = g.depth();
  const Padded padded = pad(x, room);
  for (size_t first = 0; first < g.places(); first += stretch_) {
    const size_t count = std::min(stretch_, g.places() - first);
    for (size_t group = 0; group < g.groups; ++group) {
      const Windows a = windows(padded, group, first, count, room);
      kernels.gemm(count, filters, depth, a.data, a.pitch, 1,
                   to_narrow_.data() + group * Products::packed_size(depth, filters),
                   y + first * g.filters + group * filters, g.filters, false);
    }
    if (bias != nullptr) {
      for (size_t i = first; i < first + count; ++i) kernels.add(g.filters, bias, y + i * g.filters);
    }
    finish(first * g.filters, count * g.filters);
  }
}

// to, an image with its zeros, += the values of windows at the places [first, first + count).
void Convolution::add_strip(size_t first, size_t count, const float* strip, float* to) const noexcept {
  const ConvGeometry& g = geometry_;
  const size_t channels = g.group_channels(), pitch = g.across.reach() * channels;
  const bool together = g.across.dilation == 1;
  const size_t runs = together ? 1 : g.across.kernel, run = (together ? g.across.kernel : 1) * channels;
  const Kernels& kernels = products_.kernels();
  size_t oy = first / g.across.narrow, ox = first % g.across.narrow;
  for (size_t i = 0; i < count; ++i) {
    for (size_t ty = 0; ty < g.down.kernel; ++ty) {
      float* const line = to + (oy * g.down.stride + ty * g.down.dilation) * pitch + ox * g.across.stride * channels;
      for (size_t r = 0; r < runs; ++r, strip += run) {
        float* const at = line + r * g.across.dilation * channels;
        if (run >= kShort) {
          kernels.add(run, strip, at);
        } else {
          for (size_t j = 0; j < run; ++j) at[j] += strip[j];
        }
      }
    }
    if (++ox == g.across.narrow) ox = 0, ++oy;
  }
}

void Convolution::scatter(const float* y, float* x, const Room& room, const float* bias) const noexcept {
  const ConvGeometry& g = geometry_;
  const Kernels& kernels = products_.kernels();
  const size_t filters = g.group_filters(), channels = g.group_channels(), depth = g.depth();
  const size_t height = g.down.reach(), width = g.across.reach(), size = height * width * channels;
  std::fill_n(room.padded, g.groups * size, 0.0f);
  for (size_t first = 0; first < g.places(); first += stretch_) {
    const size_t count = std::min(stretch_, g.places() - first);
    for (size_t group = 0; group < g.groups; ++group) {
      kernels.gemm(count, depth, filters, y + first * g.filters + group * filters, g.filters, 1,
                   to_wide_.data() + group * Products::packed_size(filters, depth), room.strip, depth, false);
      add_strip(first, count, room.strip, room.padded + group * size);
    }
  }
  for (size_t line = 0; line < g.down.wide; ++line) {
    const size_t from_line = line + g.down.before;
    for (size_t i = 0; i < g.across.wide; ++i) {
      float* const to = x + (line * g.across.wide + i) * g.channels;
      const size_t from = i + g.across.before;
      if (from_line >= height || from >= width) {  // no window reaches it
        std::fill_n(to, g.channels, 0.0f);
      } else if (g.groups == 1) {
        const size_t run = std::min<size_t>(g.across.wide, width - g.across.before) - i;
        std::memcpy(to, room.padded + (from_line * width + from) * channels, run * channels * sizeof(float));
        i += run - 1;
      } else {
        for (size_t group = 0; group < g.groups; ++group) {
          copy(channels, room.padded + group * size + (from_line * width + from) * channels, to + group * channels);
        }
      }
    }
  }
  if (bias == nullptr) return;
  if (g.channels == 1) {
    for (size_t i = 0; i < g.wide_size(); ++i) x[i] += bias[0];
  } else {
    for (size_t i = 0; i < g.wide_places(); ++i) kernels.add(g.channels, bias, x + i * g.channels);
  }
}

// partial (groups x depth x filters) += windows^T y.
void Convolution::outer(const float* x, const float* y, const Room& room, float* partial) const noexcept {
  const ConvGeometry& g = geometry_;
  const Kernels& kernels = products_.kernels();
  const size_t filters = g.group_filters(), depth = g.depth();
  const Padded padded = pad(x, room);
  for (size_t first = 0; first < g.places(); first += stretch_) {
    const size_t count = std::min(stretch_, g.places() - first);
    for (size_t group = 0; group < g.groups; ++group) {
      const Windows a = windows(padded, group, first, count, room);
      kernels.pack_b(count, filters, y + first * g.filters + group * filters, g.filters, 1, room.narrow);
      kernels.gemm(depth, filters, count, a.data, 1, a.pitch, room.narrow, partial + group * depth * filters, filters,
                   true);
    }
  }
}

// sums (width) += the sum of d_y (places x width) over the places.
void Convolution::add_place_sums(size_t places, size_t width, const float* d_y, float* sums) const noexcept {
  if (width < 8) {  // several sums side by side, each of every eighth value
    for (size_t c = 0; c < width; ++c) {
      float side[8] = {};
      for (size_t i = 0; i < places; ++i) side[i % 8] += d_y[i * width + c];
      for (const float sum : side) sums[c] += sum;
    }
    return;
  }
  for (size_t i = 0; i < places; ++i) products_.kernels().add(width, d_y + i * width, sums);
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
      scatter(x + row * narrow, y + row * wide, room(worker), bias);
      after(row * wide, wide, y);
    } else {
      gather(x + row * wide, y + row * narrow, room(worker), bias,
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
      gather(d_y + row * wide, d_x + row * narrow, mine, nullptr,
             [&](size_t first, size_t count) { before(row * narrow + first, count, d_x); });
    } else {
      scatter(d_y + row * narrow, d_x + row * wide, mine, nullptr);
      before(row * wide, wide, d_x);
    }
  });
  add_partials(chunks);
}

}  // namespace nrw
