// The windows of a row: its copy with zeros, strips of windows, and the sums over both.
#include <cstring>

#include "layers/convolution.h"

namespace nrw {

namespace {

constexpr size_t kStripFloats = 24576;  // about 100 KB: half of a second-level cache
constexpr size_t kShort = 16;           // runs that a loop copies faster than a call

// Whether windows that follow each other lie `across.stride` places apart: no line ends between them.
bool overlapping(const ConvGeometry& g) noexcept {
  if (g.down.kernel != 1 || (g.across.dilation != 1 && g.across.kernel != 1)) return false;
  return g.down.narrow == 1 || (g.down.stride == 1 && g.across.reach() == size_t{g.across.narrow} * g.across.stride);
}

}  // namespace

// A multiple of the kernels' depth where strips are short, so that sums over places come in whole parts.
size_t Convolution::stretch_of(const ConvGeometry& g) noexcept {
  constexpr size_t kPart = 128;
  const size_t fit = kStripFloats / g.depth();
  const size_t some = fit >= kPart ? std::min(fit / kPart * kPart, 4 * kPart) : std::max<size_t>(24, fit / 12 * 12);
  return std::min(some, g.places());
}

void Convolution::copy(size_t n, const float* from, float* to) noexcept {
  if (n >= kShort) {
    std::memcpy(to, from, n * sizeof(float));
  } else {
    for (size_t i = 0; i < n; ++i) to[i] = from[i];
  }
}

// One group without zeros around it is read where it lies.
Convolution::Padded Convolution::pad(const ConvGeometry& g, const float* x, const Room& room) noexcept {
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

Convolution::Windows Convolution::windows(const ConvGeometry& g, const Padded& padded, size_t group, size_t first,
                                          size_t count, const Room& room) noexcept {
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

void Convolution::scatter(const float* y, float* x, const Room& room) const noexcept {
  const ConvGeometry& g = geometry_;
  const Kernels& kernels = products_.kernels();
  const size_t filters = g.group_filters(), channels = g.group_channels(), depth = g.depth();
  const size_t height = g.down.reach(), width = g.across.reach(), size = height * width * channels;
  const size_t stretch = stretch_of(g);
  std::fill_n(room.padded, g.groups * size, 0.0f);
  for (size_t first = 0; first < g.places(); first += stretch) {
    const size_t count = std::min(stretch, g.places() - first);
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
}

// partial (groups x depth x filters) += windows^T y.
void Convolution::outer(const float* x, const float* y, const Room& room, float* partial) const noexcept {
  const ConvGeometry& g = geometry_;
  const Kernels& kernels = products_.kernels();
  const size_t filters = g.group_filters(), depth = g.depth(), stretch = stretch_of(g);
  const Padded padded = pad(g, x, room);
  for (size_t first = 0; first < g.places(); first += stretch) {
    const size_t count = std::min(stretch, g.places() - first);
    for (size_t group = 0; group < g.groups; ++group) {
      const Windows a = windows(g, padded, group, first, count, room);
      kernels.pack_b(count, filters, y + first * g.filters + group * filters, g.filters, 1, room.other);
      kernels.gemm(depth, filters, count, a.data, 1, a.pitch, room.other, partial + group * depth * filters, filters,
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

}  // namespace nrw
