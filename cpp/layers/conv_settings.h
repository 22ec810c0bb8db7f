// Settings that layers with windows share: their fields, and the axes that follow from them.
#pragma once

#include "layers/conv_geometry.h"
#include "layers/layer_type.h"

namespace nrw {

inline constexpr uint32_t kMostTaps = 64;  // of an axis
inline constexpr uint32_t kMostStep = 65536;

inline constexpr Field kConvChannels{.name = "channels",
                                     .type = Field::Type::kCount,
                                     .about = "number of output channels",
                                     .minimum = 1,
                                     .maximum = 65536,
                                     .value = true,
                                     .example = "32"};
inline constexpr Field kConvKernel{.name = "kernel",
                                   .type = Field::Type::kAxes,
                                   .about = "taps of the kernel along each axis",
                                   .minimum = 1,
                                   .maximum = kMostTaps,
                                   .example = "3"};
inline constexpr Field kConvStride{.name = "stride",
                                   .type = Field::Type::kAxes,
                                   .about = "values from one window to the next",
                                   .fallback = "1",
                                   .minimum = 1,
                                   .maximum = kMostStep,
                                   .example = "2"};
inline constexpr Field kConvDilation{.name = "dilation",
                                     .type = Field::Type::kAxes,
                                     .about = "values from one tap of the kernel to the next",
                                     .fallback = "1",
                                     .minimum = 1,
                                     .maximum = kMostStep,
                                     .example = "2"};
inline constexpr Field kConvInit{
    .name = "init",
    .type = Field::Type::kWord,
    .about = "how the weight is initialised; default: as in PyTorch",
    .fallback = "\"default\"",
    .words = "default kaiming_uniform kaiming_normal xavier_uniform xavier_normal zeros",
    .tag = {.name = "normal", .about = "standard deviation; the mean is 0", .minimum = 0, .above = true},
    .example = "{\"normal\": 0.02}"};
inline constexpr Field kConvPadding{
    .name = "padding",
    .type = Field::Type::kAxes,
    .about =
        "zeros on both sides of each axis; same: dilation * (kernel - 1) in all, half of them before, so that "
        "stride 1 keeps the size",
    .fallback = "0",
    .minimum = 0,
    .maximum = kMostStep,
    .words = "same",
    .example = "1"};

// A row as channels and `axes` extents: without a dimension for channels it has one channel. Refuses other rows.
Shape with_channels(const Settings& settings, const Shape& input, size_t axes);

// An axis of that many values before the layer, from `kernel`, `stride`, `padding` and `dilation`.
ConvAxis conv_axis(const Settings& settings, uint32_t size, size_t axes, size_t axis);

// Rows of an image without channels are height x width in the order of columns: Reordered turns them round.
inline bool turned(const Shape& input, size_t axes) { return axes == 2 && input.dimensions == 2 && !input.one_order(); }

}  // namespace nrw
