// The windows of a row: its copy with zeros, strips of windows, and the sums over both.
#include <cstring>

#include "layers/convolution.h"

namespace nrw {

namespace {

constexpr size_t kStripFloats = 24576;  // about 100 KB: half of a second-level cache
constexpr size_t kShort = 16;           // runs that a loop copies faster than a call

// The fewest values of a run that the kernels take side by side.
constexpr size_t kRun = 16;

// Whether windows that follow each other lie `across.stride` places apart: no line ends between them.
bool overlapping(const ConvGeometry& g) noexcept {
  if (g.down.kernel != 1 || (g.across.dilation != 1 && g.across.kernel != 1)) return false;
  return g.down.narrow == 1 || (g.down.stride == 1 && g.across.reach() == size_t{g.across.narrow} * g.across.stride);
}

// The runs of a window: as long as its values are neighbours, a tap or a line of taps.
size_t run_of(const ConvGeometry& g) noexcept {
  return (g.across.dilation == 1 ? g.across.kernel : 1) * g.group_channels();
}

// Whether windows are read where they lie: they are runs at one distance.
bool in_place(const ConvGeometry& g) noexcept {
  return g.across.dilation == 1 || g.across.kernel == 1 || g.down.kernel == 1;
}

// Whether the places follow each other at one distance.
bool one_line(const ConvGeometry& g) noexcept { return g.down.narrow == 1 || (overlapping(g) && !g.apart); }

}  // namespace

// Whole lines where several are worked on. A multiple of the kernels' depth where strips are short, so that sums over
// places come in whole parts.
size_t Convolution::stretch_of(const ConvGeometry& g) noexcept {
  constexpr size_t kPart = 128;
  if (in_place(g)) {
    const size_t line = one_line(g) ? 1 : g.across.narrow;
    return std::min(std::max<size_t>(1, 4 * kPart / line) * line, g.places());
  }
  const size_t fit = kStripFloats / g.depth();
  const size_t some = fit >= kPart ? std::min(fit / kPart * kPart, 4 * kPart) : std::max<size_t>(24, fit / 12 * 12);
  return std::min(g.apart ? std::max<size_t>(1, some / g.across.narrow) * g.across.narrow : some, g.places());
}

bool Convolution::by_dots(const ConvGeometry& g) noexcept {
  return g.group_filters() <= kFewFilters && (in_place(g) ? run_of(g) : g.depth()) >= kRun;
}

// Whether the sums for the weights lie as depth x filters.
bool Convolution::by_filters(const ConvGeometry& g) noexcept {
  const size_t run = in_place(g) ? run_of(g) : g.depth();
  return run < kRun && run < g.group_filters();
}

void Convolution::copy(size_t n, const float* from, float* to) noexcept {
  if (n >= kShort) {
    std::memcpy(to, from, n * sizeof(float));
  } else {
    for (size_t i = 0; i < n; ++i) to[i] = from[i];
  }
}

// One group without zeros around it is read where it lies, and so are the windows of a signal that have none.
Convolution::Padded Convolution::pad(const ConvGeometry& g, const float* x, float* to, bool stands) noexcept {
  const size_t height = g.down.reach(), width = g.across.reach(), channels = g.group_channels();
  Padded padded{to, height * width * channels, width * channels};
  const bool inside = g.down.before == 0 && g.across.before == 0 && height <= g.down.wide &&
                      (height == 1 ? width <= g.across.wide : width == g.across.wide);
  if (g.groups == 1 && inside) return {x, padded.group_size, padded.line_pitch};
  const size_t left = std::min<size_t>(g.across.before, width);
  const size_t given = std::min<size_t>(g.across.wide, width - left);  // values of a line
  size_t skip = 0, skipped = 0;                                        // of these, what no window with zeros has
  if (g.groups == 1 && height == 1 && g.down.wide == 1 && in_place(g)) {
    const size_t stride = g.across.stride, span = size_t{g.across.kernel - 1} * g.across.dilation + 1;
    const size_t inner = (left + stride - 1) / stride;
    const size_t outer = left + given < span ? 0 : (left + given - span) / stride + 1;
    if (inner < outer) {
      padded.inside = x - left * channels;
      padded.inner = inner, padded.outer = std::min<size_t>(outer, g.across.narrow);
      const size_t from = inner == 0 ? left : std::max(left, (inner - 1) * stride + span);
      const size_t end = padded.outer == g.across.narrow ? left + given : std::max(left, padded.outer * stride);
      if (from < end) skip = from - left, skipped = std::min(end, left + given) - from;
    }
  }
  for (size_t group = 0; group < g.groups; ++group) {
    for (size_t line = 0; line < height; ++line) {
      float* const of_line = to + group * padded.group_size + line * padded.line_pitch;
      const size_t y = line - g.down.before;  // below 0: very large
      if (y >= g.down.wide) {
        if (!stands) std::fill_n(of_line, padded.line_pitch, 0.0f);
        continue;
      }
      if (!stands) {
        std::fill_n(of_line, left * channels, 0.0f);
        std::fill_n(of_line + (left + given) * channels, (width - left - given) * channels, 0.0f);
      }
      const float* const from = x + y * g.across.wide * g.channels + group * channels;
      if (g.groups == 1) {
        const size_t after = skip + skipped;
        if (skip > 0) std::memcpy(of_line + left * channels, from, skip * channels * sizeof(float));
        std::memcpy(of_line + (left + after) * channels, from + after * channels,
                    (given - after) * channels * sizeof(float));
      } else {
        for (size_t i = 0; i < given; ++i) copy(channels, from + i * g.channels, of_line + (left + i) * channels);
      }
    }
  }
  return padded;
}

// The places of the stretch that begins at `first`: all of them or none are without zeros.
size_t Convolution::stretch_at(const ConvGeometry& g, const Padded& padded, size_t first) noexcept {
  size_t end = g.places();
  if (padded.inside != nullptr && first < padded.outer) end = first < padded.inner ? padded.inner : padded.outer;
  return std::min(stretch_of(g), end - first);
}

Windows Convolution::windows(const ConvGeometry& g, const Padded& padded, size_t group, size_t first, size_t count,
                             const Room& room) noexcept {
  const size_t channels = g.group_channels(), step = g.across.stride * channels, run = run_of(g), depth = g.depth();
  const bool inside = padded.inside != nullptr && first >= padded.inner && first < padded.outer;
  const float* const image = inside ? padded.inside : padded.data + group * padded.group_size;
  const size_t runs = depth / run, tap_pitch = g.across.dilation * channels;
  if (in_place(g)) {
    const size_t run_pitch = g.down.kernel == 1 ? tap_pitch : g.down.dilation * padded.line_pitch;
    if (one_line(g)) return {image + first * step, 1, count, 0, step, runs, run, run_pitch};
    const size_t line_pitch = g.down.stride * padded.line_pitch, places = g.across.narrow;
    return {image + first / places * line_pitch, count / places, places, line_pitch, step, runs, run, run_pitch};
  }
  const size_t line_runs = runs / g.down.kernel;
  for (size_t ty = 0; ty < g.down.kernel; ++ty) {
    size_t oy = first / g.across.narrow, ox = first % g.across.narrow;
    float* to = room.strip + ty * g.across.kernel * channels;
    for (size_t i = 0; i < count; ++i, to += depth) {
      const float* const from = image + (oy * g.down.stride + ty * g.down.dilation) * padded.line_pitch + ox * step;
      for (size_t r = 0; r < line_runs; ++r) copy(run, from + r * tap_pitch, to + r * run);
      if (++ox == g.across.narrow) ox = 0, ++oy;
    }
  }
  const size_t lines = g.apart ? count / g.across.narrow : 1, places = count / lines;
  return {room.strip, lines, places, places * depth, depth, 1, depth, 0};
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
  std::fill_n(room.wide, g.groups * size, 0.0f);
  for (size_t first = 0; first < g.places(); first += stretch) {
    const size_t count = std::min(stretch, g.places() - first);
    for (size_t group = 0; group < g.groups; ++group) {
      kernels.gemm(count, depth, filters, y + first * g.filters + group * filters, g.filters, 1,
                   to_wide_.data() + group * Products::packed_size(filters, depth), room.strip, depth, false);
      add_strip(first, count, room.strip, room.wide + group * size);
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
        std::memcpy(to, room.wide + (from_line * width + from) * channels, run * channels * sizeof(float));
        i += run - 1;
      } else {
        for (size_t group = 0; group < g.groups; ++group) {
          copy(channels, room.wide + group * size + (from_line * width + from) * channels, to + group * channels);
        }
      }
    }
  }
}

// partial (filters x depth) += y^T windows.
void Convolution::outer(const Padded& padded, const float* y, const Room& room, float* partial) const noexcept {
  const ConvGeometry& g = geometry_;
  const size_t filters = g.group_filters(), depth = g.depth();
  for (size_t first = 0, count; first < g.places(); first += count) {
    count = stretch_at(g, padded, first);
    for (size_t group = 0; group < g.groups; ++group) {
      const Windows w = windows(g, padded, group, first, count, room);
      add_outer(w, y + first * g.filters + group * filters, partial + group * filters * depth);
    }
  }
}

// to (filters x depth of a group) += y^T windows. Short runs take one lane a filter instead of one a value of the run.
void Convolution::add_outer(const Windows& w, const float* y, float* to) const noexcept {
  const ConvGeometry& g = geometry_;
  const size_t filters = g.group_filters(), line = w.places * g.filters;
  if (!by_filters(g)) return products_.kernels().window_outer(w, filters, {y, line, g.filters}, to);
  for (size_t r = 0; r < w.runs; ++r) {
    products_.kernels().window_outer({y, w.lines, w.places, line, g.filters, 1, filters, 0}, w.run,
                                     {w.data + r * w.run_pitch, w.line_pitch, w.pitch}, to + r * w.run * filters);
  }
}

// sums (width) += the sum of d_y (places x width) over the places: first over lines of several places.
void Convolution::add_place_sums(size_t places, size_t width, const float* d_y, float* sums) const noexcept {
  const size_t together = std::max<size_t>(1, kPanel / width), line = together * width, lines = places / together;
  const float one = 1;
  if (together == 1) {
    products_.kernels().window_outer({d_y, 1, places, 0, width, 1, width, 0}, 1, {&one, 0, 0}, sums);
    return;
  }
  float side[kPanel] = {};
  products_.kernels().window_outer({d_y, 1, lines, 0, line, 1, line, 0}, 1, {&one, 0, 0}, side);
  for (size_t i = 0; i < line; ++i) sums[i % width] += side[i];
  for (size_t i = lines * line; i < places * width; ++i) sums[i % width] += d_y[i];
}

}  // namespace nrw
