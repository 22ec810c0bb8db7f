// The settings and shapes of the four convolutions.
#include "base/status.h"
#include "layers/conv_settings.h"
#include "layers/convolution.h"
#include "layers/reordered.h"

namespace nrw {

namespace {

constexpr Field kGroups{.name = "groups",
                        .type = Field::Type::kCount,
                        .about =
                            "groups that input and output channels are divided into; each output channel reads "
                            "those of its group",
                        .fallback = "1",
                        .minimum = 1,
                        .maximum = 65536,
                        .example = "4"};
constexpr Field kBias{
    .name = "bias", .type = Field::Type::kFlag, .about = "whether a bias is added to each channel", .fallback = "true"};
constexpr Field kConvFields[] = {kConvChannels, kConvKernel, kConvStride, kConvPadding,
                                 kConvDilation, kGroups,     kBias,       kConvInit};

constexpr Field kTransposedFields[] = {kConvChannels,
                                       kConvKernel,
                                       kConvStride,
                                       {.name = "padding",
                                        .type = Field::Type::kAxes,
                                        .about = "values that the output lacks on both sides of each axis",
                                        .fallback = "0",
                                        .minimum = 0,
                                        .maximum = kMostStep,
                                        .example = "1"},
                                       {.name = "output_padding",
                                        .type = Field::Type::kAxes,
                                        .about = "values added to the end of each axis of the output; less than "
                                                 "stride or dilation",
                                        .fallback = "0",
                                        .minimum = 0,
                                        .maximum = kMostStep,
                                        .example = "1"},
                                       kConvDilation,
                                       kGroups,
                                       kBias,
                                       kConvInit};

// The axis of a transposed convolution, from the size of Y.
ConvAxis transposed_axis(const Settings& settings, uint32_t size, size_t axes, size_t axis) {
  const auto of = [&](const char* field) { return settings.axes(field, axes)[axis]; };
  ConvAxis a;
  a.kernel = of("kernel");
  a.stride = of("stride");
  a.dilation = of("dilation");
  a.before = of("padding");
  const uint64_t span = uint64_t{a.kernel - 1} * a.dilation + 1;
  const uint32_t more = of("output_padding");
  settings.require(
      more < std::max(a.stride, a.dilation), "output_padding",
      format("must be less than the stride or the dilation, %u and %u, got %u", a.stride, a.dilation, more));
  const uint64_t full = uint64_t{size - 1} * a.stride + span + more, lost = 2 * uint64_t{a.before};
  settings.require(full > lost && full - lost <= 0xFFFFFFFFu, "padding",
                   format("takes %llu values off an output of %llu; set less padding",
                          static_cast<unsigned long long>(lost), static_cast<unsigned long long>(full)));
  a.narrow = size;
  a.wide = static_cast<uint32_t>(full - lost);
  return a;
}

template <size_t kAxes, bool kTransposed>
ConvGeometry geometry_of(const Settings& settings, const Shape& given) {
  const Shape input = with_channels(settings, given, kAxes);
  const uint32_t in = input.channels(), out = settings.count("channels"), groups = settings.count("groups");
  const auto divides = [&](const char* what, uint32_t channels) {
    settings.require(channels % groups == 0, "groups",
                     format("must divide the %u %s channels, got %u", channels, what, groups));
  };
  divides("input", in);
  divides("output", out);
  ConvGeometry g;
  g.channels = kTransposed ? out : in;
  g.filters = kTransposed ? in : out;
  g.groups = groups;
  const auto axis_of = kTransposed ? transposed_axis : conv_axis;
  g.across = axis_of(settings, input.sizes[kAxes], kAxes, kAxes - 1);
  if (kAxes == 2) g.down = axis_of(settings, input.sizes[1], kAxes, 0);
  return g;
}

template <size_t kAxes, bool kTransposed>
Shape output(const Settings& settings, const Shape& input) {
  const ConvGeometry g = geometry_of<kAxes, kTransposed>(settings, input);
  const uint32_t channels = settings.count("channels");
  const uint32_t width = kTransposed ? g.across.wide : g.across.narrow,
                 height = kTransposed ? g.down.wide : g.down.narrow;
  return kAxes == 1 ? Shape::signal(channels, width) : Shape::image(channels, height, width);
}

// PyTorch's fan_in is the size of one entry of the weight's first dimension, also of a transposed convolution.
template <size_t kAxes, bool kTransposed>
std::vector<TensorSpec> tensors(const Settings& settings, const Shape& input, const Shape&) {
  const ConvGeometry g = geometry_of<kAxes, kTransposed>(settings, input);
  std::vector<uint32_t> sizes = {g.filters, g.channels / g.groups};
  if (kAxes == 2) sizes.push_back(g.down.kernel);
  sizes.push_back(g.across.kernel);
  const auto fan_in = static_cast<double>(g.depth()), fan_out = static_cast<double>(g.filters * g.taps());
  std::vector<TensorSpec> all = {{.name = "weight",
                                  .sizes = std::move(sizes),
                                  .start = TensorSpec::Start::kWeight,
                                  .fan_in = fan_in,
                                  .fan_out = fan_out}};
  if (settings.flag("bias")) {
    all.push_back({.name = "bias",
                   .sizes = {settings.count("channels")},
                   .start = TensorSpec::Start::kBias,
                   .fan_in = fan_in,
                   .fan_out = fan_out});
  }
  return all;
}

template <size_t kAxes, bool kTransposed>
size_t workspace(const Settings& settings, const Shape& input, const Shape& output, uint32_t rows, unsigned threads) {
  const ConvGeometry g = geometry_of<kAxes, kTransposed>(settings, input);
  const auto size = static_cast<uint32_t>(output.size());
  return Convolution::workspace(g, rows, threads) * sizeof(float) +
         (turned(input, kAxes) ? Reordered::workspace(input, Shape::flat(size), rows) : 0);
}

template <size_t kAxes, bool kTransposed>
std::unique_ptr<Layer> make(const LayerContext& context) {
  const auto specs = tensors<kAxes, kTransposed>(context.settings, context.input, context.output);
  auto layer =
      std::make_unique<Convolution>(context.products, geometry_of<kAxes, kTransposed>(context.settings, context.input),
                                    kTransposed, specs[0], specs.size() > 1 ? &specs[1] : nullptr);
  if (!turned(context.input, kAxes)) return layer;
  const auto size = static_cast<uint32_t>(context.output.size());
  return std::make_unique<Reordered>(std::move(layer), context.products, context.input, Shape::flat(size));
}

template <size_t kAxes, bool kTransposed>
constexpr LayerType type_of(const char* name, const char* about) {
  return {name,
          about,
          kTransposed ? std::span<const Field>(kTransposedFields) : std::span<const Field>(kConvFields),
          output<kAxes, kTransposed>,
          tensors<kAxes, kTransposed>,
          workspace<kAxes, kTransposed>,
          make<kAxes, kTransposed>};
}

}  // namespace

const LayerType conv1d_type = type_of<1, false>(
    "conv1d", "convolution over signals: each output is a weighted sum of a window of all input channels, plus a bias");
const LayerType conv2d_type = type_of<2, false>(
    "conv2d", "convolution over images: each output is a weighted sum of a window of all input channels, plus a bias");
const LayerType conv_transpose1d_type = type_of<1, true>(
    "conv_transpose1d", "transpose of conv1d over signals: each input adds a weighted window to the output");
const LayerType conv_transpose2d_type = type_of<2, true>(
    "conv_transpose2d", "transpose of conv2d over images: each input adds a weighted window to the output");

}  // namespace nrw
