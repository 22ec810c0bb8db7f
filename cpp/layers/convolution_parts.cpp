// A scatter as gathers: each makes the values of X that are `stride` apart.
#include "layers/convolution.h"

namespace nrw {

namespace {

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

}  // namespace

std::vector<Convolution::Part> Convolution::parts_of(const ConvGeometry& g) {
  std::vector<Part> parts;
  size_t packed = 0;
  for (uint32_t down = 0; down < std::min(g.down.stride, g.down.wide); ++down) {
    for (uint32_t across = 0; across < std::min(g.across.stride, g.across.wide); ++across) {
      ConvGeometry from;
      from.channels = g.filters;
      from.filters = g.channels;
      from.groups = g.groups;
      from.apart = g.down.stride > 1 || g.across.stride > 1;
      if (!part_axis(g.down, down, from.down) || !part_axis(g.across, across, from.across)) return {};
      const size_t floats = Products::packed_size(from.depth(), from.group_filters());
      parts.push_back({from, down, across, packed, floats});
      packed += g.groups * floats;
    }
  }
  return parts;
}

ConvGeometry Convolution::around(const ConvGeometry& g, const std::vector<Part>& parts) noexcept {
  ConvGeometry all;
  all.channels = 0;
  if (parts.size() < 2 || g.down.narrow == 1) return all;
  all.channels = g.filters;
  all.groups = g.groups;
  for (const auto axis : {&ConvGeometry::down, &ConvGeometry::across}) {
    ConvAxis& own = all.*axis;
    own.wide = (g.*axis).narrow;
    for (const Part& part : parts) own.before = std::max(own.before, (part.geometry.*axis).before);
    for (const Part& part : parts) {
      const ConvAxis& of = part.geometry.*axis;
      own.narrow = std::max(own.narrow, static_cast<uint32_t>(own.before - of.before + of.reach()));
    }
  }
  return all;
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
  pack_for(p, to, to_wide_.data() + part.packed + group * part.depths);
}

}  // namespace nrw
