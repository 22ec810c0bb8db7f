// What a convolution's places have to do with each other, and its three products as plain loops.
//
// A convolution reads windows of a wide image X (height x width x channels) and writes a narrow one Y (places down x
// places across x filters); a signal has height 1. A transposed convolution goes from Y to X with the same weight, so
// both layers are made of the same three products (Dumoulin, Visin 2016), with tap t of place o at o * stride + t *
// dilation - before:
//   gather   y[o, n] = sum over t, c of x[o * stride + t * dilation - before, c] w[n, c, t]
//   scatter  x[...] += the same terms: gather's transpose, which is its gradient to x
//   outer    d_w[n, c, t] += sum over o of y[o, n] x[o * stride + t * dilation - before, c]
// The channels c of filter n are those of its group, and x is 0 outside of the image. Weights lie as in PyTorch:
// filters x channels of a group x kernel.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nrw {

struct ConvAxis {
  uint32_t wide = 1, narrow = 1;  // extents of X and Y
  uint32_t kernel = 1, stride = 1, dilation = 1;
  uint32_t before = 0;  // zeros before the first value of X

  // Of X with its zeros, as far as the windows reach.
  size_t reach() const noexcept { return size_t{narrow - 1} * stride + size_t{kernel - 1} * dilation + 1; }
};

struct ConvGeometry {
  uint32_t channels = 1, filters = 1, groups = 1;
  ConvAxis down, across;
  bool apart = false;  // whether the lines of Y do not follow each other in memory

  size_t group_channels() const noexcept { return channels / groups; }
  size_t group_filters() const noexcept { return filters / groups; }
  size_t taps() const noexcept { return size_t{down.kernel} * across.kernel; }
  size_t depth() const noexcept { return taps() * group_channels(); }  // values in a window of one group
  size_t places() const noexcept { return size_t{down.narrow} * across.narrow; }
  size_t wide_places() const noexcept { return size_t{down.wide} * across.wide; }
  size_t wide_size() const noexcept { return wide_places() * channels; }
  size_t narrow_size() const noexcept { return places() * filters; }
  size_t weights() const noexcept { return filters * depth(); }
};

// term(index in X, index in Y, index in the weight) for each product of one row.
template <class Term>
void each_conv_term(const ConvGeometry& g, Term&& term) {
  const size_t channels = g.group_channels(), filters = g.group_filters();
  for (size_t oy = 0; oy < g.down.narrow; ++oy) {
    for (size_t ox = 0; ox < g.across.narrow; ++ox) {
      for (size_t n = 0; n < g.filters; ++n) {
        for (size_t c = 0; c < channels; ++c) {
          for (size_t ty = 0; ty < g.down.kernel; ++ty) {
            for (size_t tx = 0; tx < g.across.kernel; ++tx) {
              const size_t y = oy * g.down.stride + ty * g.down.dilation - g.down.before;  // below 0: very large
              const size_t x = ox * g.across.stride + tx * g.across.dilation - g.across.before;
              if (y >= g.down.wide || x >= g.across.wide) continue;
              term((y * g.across.wide + x) * g.channels + n / filters * channels + c,
                   (oy * g.across.narrow + ox) * g.filters + n,
                   ((n * channels + c) * g.down.kernel + ty) * g.across.kernel + tx);
            }
          }
        }
      }
    }
  }
}

// y, x and d_w are added to.
template <class T>
void conv_gather(const ConvGeometry& g, const T* x, const T* w, T* y) {
  each_conv_term(g, [&](size_t i, size_t o, size_t t) { y[o] += x[i] * w[t]; });
}
template <class T>
void conv_scatter(const ConvGeometry& g, const T* y, const T* w, T* x) {
  each_conv_term(g, [&](size_t i, size_t o, size_t t) { x[i] += y[o] * w[t]; });
}
template <class T>
void conv_outer(const ConvGeometry& g, const T* x, const T* y, T* d_w) {
  each_conv_term(g, [&](size_t i, size_t o, size_t t) { d_w[t] += x[i] * y[o]; });
}

}  // namespace nrw
