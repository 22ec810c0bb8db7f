#include "layers/locally_connected.h"

#include <algorithm>

#include "base/status.h"
#include "layers/conv_settings.h"
#include "layers/reordered.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {kConvChannels,
                             kConvKernel,
                             kConvStride,
                             kConvPadding,
                             kConvDilation,
                             {.name = "bias",
                              .type = Field::Type::kFlag,
                              .about = "whether a bias is added to each output, one for each place and channel",
                              .fallback = "true"},
                             kConvInit};

ConvGeometry geometry_of(const Settings& settings, const Shape& given) {
  const Shape input = with_channels(settings, given, 2);
  ConvGeometry g;
  g.channels = input.channels();
  g.filters = settings.count("channels");
  g.down = conv_axis(settings, input.sizes[1], 2, 0);
  g.across = conv_axis(settings, input.sizes[2], 2, 1);
  return g;
}

Shape output(const Settings& settings, const Shape& input) {
  const ConvGeometry g = geometry_of(settings, input);
  const uint64_t weights = uint64_t{g.places()} * g.weights();
  settings.require(weights <= 0xFFFFFFFFu, "channels",
                   format("makes a weight of %llu values, since each place has its own; set fewer channels, a larger "
                          "stride or a smaller kernel",
                          static_cast<unsigned long long>(weights)));
  return Shape::image(g.filters, g.down.narrow, g.across.narrow);
}

std::vector<TensorSpec> tensors(const Settings& settings, const Shape& input, const Shape&) {
  const ConvGeometry g = geometry_of(settings, input);
  const auto places = static_cast<uint32_t>(g.places());
  // Starting values as those of a convolution, of which each output is one.
  const auto fan_in = static_cast<double>(g.depth()), fan_out = static_cast<double>(g.filters * g.taps());
  std::vector<TensorSpec> all = {{.name = "weight",
                                  .sizes = {places, g.filters, g.channels, g.down.kernel, g.across.kernel},
                                  .start = TensorSpec::Start::kWeight,
                                  .fan_in = fan_in,
                                  .fan_out = fan_out}};
  if (settings.flag("bias")) {
    all.push_back({.name = "bias",
                   .sizes = {places, g.filters},
                   .start = TensorSpec::Start::kBias,
                   .fan_in = fan_in,
                   .fan_out = fan_out});
  }
  return all;
}

size_t workspace(const Settings& settings, const Shape& input, const Shape& output, uint32_t rows, unsigned threads) {
  const auto size = static_cast<uint32_t>(output.size());
  return LocallyConnected::workspace(geometry_of(settings, input), rows, threads) * sizeof(float) +
         (turned(input, 2) ? Reordered::workspace(input, Shape::flat(size), rows) : 0);
}

std::unique_ptr<Layer> make(const LayerContext& context) {
  const auto specs = tensors(context.settings, context.input, context.output);
  auto layer = std::make_unique<LocallyConnected>(context.products, geometry_of(context.settings, context.input),
                                                  specs[0], specs.size() > 1 ? &specs[1] : nullptr);
  if (!turned(context.input, 2)) return layer;
  const auto size = static_cast<uint32_t>(context.output.size());
  return std::make_unique<Reordered>(std::move(layer), context.products, context.input, Shape::flat(size));
}

size_t aligned(size_t floats) noexcept { return (floats + 15) / 16 * 16; }

}  // namespace

const LayerType locally_connected2d_type = {
    "locally_connected2d",
    "conv2d whose weights are not shared: each place of the output sees its window of the image by its own weights",
    kFields,
    output,
    tensors,
    workspace,
    make};

LocallyConnected::LocallyConnected(Products& products, const ConvGeometry& geometry, const TensorSpec& weight,
                                   const TensorSpec* bias)
    : products_(products), geometry_(geometry), has_bias_(bias != nullptr), weight_(weight) {
  if (has_bias_) bias_ = Parameter(*bias);
}

std::vector<Parameter*> LocallyConnected::parameters() {
  if (!has_bias_) return {&weight_};
  return {&weight_, &bias_};
}

LocallyConnected::Sizes LocallyConnected::sizes_of(const ConvGeometry& g, size_t rows) noexcept {
  const size_t packed = std::max({Products::packed_size(g.depth(), g.filters),
                                  Products::packed_size(g.filters, g.depth()), Products::packed_size(rows, g.depth())});
  return {aligned(rows * g.depth()), packed};
}

size_t LocallyConnected::workspace(const ConvGeometry& g, uint32_t rows, unsigned threads) noexcept {
  const Sizes sizes = sizes_of(g, rows);
  return threads * (sizes.windows + sizes.packed);
}

void LocallyConnected::reserve(uint32_t rows) {
  const Sizes sizes = sizes_of(geometry_, rows);
  sizes_ = {std::max(sizes_.windows, sizes.windows), std::max(sizes_.packed, sizes.packed)};
  rooms_.reserve(products_.pool().size() * (sizes_.windows + sizes_.packed));
}

LocallyConnected::Room LocallyConnected::room(unsigned worker) noexcept {
  float* const start = rooms_.data() + worker * (sizes_.windows + sizes_.packed);
  return {start, start + sizes_.windows};
}

template <class Each>
void LocallyConnected::each_value(size_t place, Each&& each) const noexcept {
  const ConvGeometry& g = geometry_;
  const size_t down = place / g.across.narrow, across = place % g.across.narrow;
  for (size_t i = 0; i < g.down.kernel; ++i) {
    const size_t y = down * g.down.stride + i * g.down.dilation - g.down.before;  // below 0: very large
    if (y >= g.down.wide) continue;
    for (size_t j = 0; j < g.across.kernel; ++j) {
      const size_t x = across * g.across.stride + j * g.across.dilation - g.across.before;
      if (x >= g.across.wide) continue;
      const size_t from = (y * g.across.wide + x) * g.channels, tap = i * g.across.kernel + j;
      for (size_t c = 0; c < g.channels; ++c) each(from + c, c * g.taps() + tap);
    }
  }
}

void LocallyConnected::take(size_t rows, size_t place, const float* x, float* windows) const noexcept {
  const size_t depth = geometry_.depth();
  std::fill_n(windows, rows * depth, 0.0f);
  for (size_t row = 0; row < rows; ++row) {
    const float* const from = x + row * geometry_.wide_size();
    float* const to = windows + row * depth;
    each_value(place, [&](size_t at, size_t d) { to[d] = from[at]; });
  }
}

void LocallyConnected::forward(const Pass& pass, const float* x, float* y) noexcept {
  const ConvGeometry& g = geometry_;
  const size_t rows = pass.rows, filters = g.filters, depth = g.depth(), outputs = g.narrow_size();
  const Kernels& kernels = products_.kernels();
  run_tasks(products_.pool(), g.places(), rows * outputs * depth, [&](size_t place, unsigned worker) {
    const Room at = room(worker);
    take(rows, place, x, at.windows);
    kernels.pack_b(depth, filters, weight_.value.data() + place * g.weights(), 1, depth, at.packed);
    float* const to = y + place * filters;
    kernels.gemm(rows, filters, depth, at.windows, depth, 1, at.packed, to, outputs, false);
    if (!has_bias_) return;
    for (size_t row = 0; row < rows; ++row) {
      kernels.add(filters, bias_.value.data() + place * filters, to + row * outputs);
    }
  });
}

void LocallyConnected::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  weight_gradients(pass.rows, x, d_y);
  if (d_x != nullptr) input_gradient(pass.rows, d_y, d_x);
}

void LocallyConnected::weight_gradients(size_t rows, const float* x, const float* d_y) noexcept {
  const ConvGeometry& g = geometry_;
  const size_t filters = g.filters, depth = g.depth(), outputs = g.narrow_size();
  const Kernels& kernels = products_.kernels();
  run_tasks(products_.pool(), g.places(), rows * outputs * depth, [&](size_t place, unsigned worker) {
    const Room at = room(worker);
    take(rows, place, x, at.windows);
    kernels.pack_b(rows, depth, at.windows, depth, 1, at.packed);
    const float* const from = d_y + place * filters;
    kernels.gemm(filters, depth, rows, from, 1, outputs, at.packed, weight_.gradient.data() + place * g.weights(),
                 depth, true);
    if (!has_bias_) return;
    for (size_t n = 0; n < filters; ++n) {
      float sum = 0;
      for (size_t row = 0; row < rows; ++row) sum += from[row * outputs + n];
      bias_.gradient[place * filters + n] += sum;
    }
  });
}

// As many tasks as threads, since each of them packs all weights; a row's values are the same in any of them.
void LocallyConnected::input_gradient(size_t rows, const float* d_y, float* d_x) noexcept {
  const ConvGeometry& g = geometry_;
  const size_t filters = g.filters, depth = g.depth(), inputs = g.wide_size(), outputs = g.narrow_size();
  const size_t block = (rows + products_.pool().size() - 1) / products_.pool().size();
  const Kernels& kernels = products_.kernels();
  run_tasks(products_.pool(), (rows + block - 1) / block, rows * outputs * depth, [&](size_t task, unsigned worker) {
    const size_t first = task * block, count = std::min(block, rows - first);
    const Room at = room(worker);
    std::fill_n(d_x + first * inputs, count * inputs, 0.0f);
    for (size_t place = 0; place < g.places(); ++place) {
      kernels.pack_b(filters, depth, weight_.value.data() + place * g.weights(), depth, 1, at.packed);
      kernels.gemm(count, depth, filters, d_y + first * outputs + place * filters, outputs, 1, at.packed, at.windows,
                   depth, false);
      for (size_t row = 0; row < count; ++row) {
        float* const to = d_x + (first + row) * inputs;
        const float* const from = at.windows + row * depth;
        each_value(place, [&](size_t i, size_t d) { to[i] += from[d]; });
      }
    }
  });
}

}  // namespace nrw
