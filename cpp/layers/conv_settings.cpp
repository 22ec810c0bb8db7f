#include "layers/conv_settings.h"

#include "base/status.h"

namespace nrw {

Shape with_channels(const Settings& settings, const Shape& input, size_t axes) {
  if (input.dimensions == axes + 1) return input;
  if (input.dimensions != axes) {
    settings.refuse(
        "kernel", format("needs rows of shape %s, got %s",
                         axes == 1 ? "[channels, length] or [length]" : "[channels, height, width] or [height, width]",
                         input.text().c_str()) +
                      "; put an unflatten before it, or set data.shape for the first layer");
  }
  return axes == 1 ? Shape::signal(1, input.sizes[0]) : Shape::image(1, input.sizes[0], input.sizes[1]);
}

ConvAxis conv_axis(const Settings& settings, uint32_t size, size_t axes, size_t axis) {
  const auto of = [&](const char* field) { return settings.axes(field, axes)[axis]; };
  ConvAxis a;
  a.kernel = of("kernel");
  a.stride = of("stride");
  a.dilation = of("dilation");
  const uint64_t span = uint64_t{a.kernel - 1} * a.dilation + 1;
  const bool same = settings.is_word("padding");
  a.before = same ? static_cast<uint32_t>((span - 1) / 2) : of("padding");
  const uint64_t padded = size + (same ? span - 1 : 2 * uint64_t{a.before});
  settings.require(span <= padded, "kernel",
                   format("spans %llu values, but the input with its padding has %llu; add padding or set a smaller "
                          "kernel",
                          static_cast<unsigned long long>(span), static_cast<unsigned long long>(padded)));
  a.wide = size;
  a.narrow = static_cast<uint32_t>((padded - span) / a.stride + 1);
  return a;
}

}  // namespace nrw
