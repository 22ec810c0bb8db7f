#include "layers/pool.h"

#include <algorithm>
#include <cstring>

#include "base/status.h"

namespace nrw {

namespace {

constexpr Field kKernel = {.name = "kernel",
                           .type = Field::Type::kAxes,
                           .about = "places in a window; one number, or one for each axis",
                           .minimum = 1,
                           .maximum = 65536,
                           .value = true,
                           .example = "2"};
constexpr Field kStride = {.name = "stride",
                           .type = Field::Type::kAxes,
                           .about = "places from one window to the next; kernel: windows lie side by side",
                           .fallback = "\"kernel\"",
                           .minimum = 1,
                           .maximum = 65536,
                           .words = "kernel"};
constexpr Field kPadding = {.name = "padding",
                            .type = Field::Type::kAxes,
                            .about = "places that are added at both ends of an axis, at most half of the kernel",
                            .fallback = "0",
                            .minimum = 0,
                            .maximum = 32768};
constexpr Field kMaximum[] = {kKernel, kStride, kPadding};
constexpr Field kAverage[] = {kKernel,
                              kStride,
                              kPadding,
                              {.name = "count_include_pad",
                               .type = Field::Type::kFlag,
                               .about = "whether the places of the padding count in the mean, as zeros",
                               .fallback = "true"}};

struct Axes {
  PoolAxis vertical, horizontal;
};

template <uint32_t kAxes>
Axes axes_of(const Settings& settings, const Shape& input) {
  settings.require(
      input.dimensions == kAxes + 1, "kernel",
      format("is for %s, but the rows before it are %s; put an unflatten or reshape before it",
             kAxes == 1 ? "signals, [channels, length]" : "images, [channels, height, width]", input.text().c_str()));
  const std::vector<uint32_t> kernel = settings.axes("kernel", kAxes);
  const std::vector<uint32_t> stride = settings.is_word("stride") ? kernel : settings.axes("stride", kAxes);
  const std::vector<uint32_t> padding = settings.axes("padding", kAxes);
  Axes all;
  for (uint32_t i = 0; i < kAxes; ++i) {
    PoolAxis& axis = kAxes == 2 && i == 0 ? all.vertical : all.horizontal;
    axis = {input.sizes[i + 1], kernel[i], stride[i], padding[i], 0};
    settings.require(padding[i] <= kernel[i] / 2, "padding",
                     format("must be at most half of the kernel, %u, got %u", kernel[i] / 2, padding[i]));
    const uint64_t room = uint64_t{axis.size} + 2 * padding[i];
    settings.require(kernel[i] <= room, "kernel",
                     format("%u is larger than the axis, which has %llu places with its padding", kernel[i],
                            static_cast<unsigned long long>(room)));
    axis.outputs = static_cast<uint32_t>((room - kernel[i]) / stride[i] + 1);
  }
  return all;
}

template <uint32_t kAxes>
Shape output(const Settings& settings, const Shape& input) {
  const auto [vertical, horizontal] = axes_of<kAxes>(settings, input);
  return kAxes == 1 ? Shape::signal(input.channels(), horizontal.outputs)
                    : Shape::image(input.channels(), vertical.outputs, horizontal.outputs);
}

template <uint32_t kAxes, bool kIsMaximum>
std::unique_ptr<Layer> make(const LayerContext& context) {
  const auto [vertical, horizontal] = axes_of<kAxes>(context.settings, context.input);
  const bool count_padding = !kIsMaximum && context.settings.flag("count_include_pad");
  return std::make_unique<Pool>(context.products, context.input.channels(), vertical, horizontal, kIsMaximum,
                                count_padding);
}

template <uint32_t kAxes, bool kIsMaximum>
constexpr LayerType type(const char* name, const char* about) {
  const std::span<const Field> fields = kIsMaximum ? std::span<const Field>(kMaximum) : kAverage;
  return {name, about, fields, output<kAxes>, no_tensors, no_workspace, make<kAxes, kIsMaximum>};
}

constexpr size_t kBlock = 32;  // channels whose largest values are found side by side

}  // namespace

const LayerType max_pool1d_type = type<1, true>("max_pool1d", "the largest value of each window of a signal");
const LayerType max_pool2d_type = type<2, true>("max_pool2d", "the largest value of each window of an image");
const LayerType average_pool1d_type = type<1, false>("average_pool1d", "the mean of each window of a signal");
const LayerType average_pool2d_type = type<2, false>("average_pool2d", "the mean of each window of an image");

template <class Body>
void Pool::each_window(Body&& body) const noexcept {
  size_t place = 0;
  for (size_t i = 0; i < vertical_.outputs; ++i) {
    for (size_t j = 0; j < horizontal_.outputs; ++j) body(vertical_.window(i), horizontal_.window(j), place++);
  }
}

template <class Visit>
void Pool::each_place(PoolAxis::Window down, PoolAxis::Window across, Visit&& visit) const noexcept {
  for (size_t i = down.first; i < down.first + down.count; ++i) {
    for (size_t j = across.first; j < across.first + across.count; ++j) visit(i * horizontal_.size + j);
  }
}

float Pool::share(PoolAxis::Window down, PoolAxis::Window across) const noexcept {
  const size_t all = size_t{vertical_.kernel} * horizontal_.kernel;
  return 1.0f / static_cast<float>(count_padding_ ? all : down.count * across.count);
}

void Pool::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t channels = channels_;
  for_blocks(products_.pool(), pass.rows, 1, work(pass), [&](size_t row, size_t) {
    const float* const from = x + row * inputs();
    float* const to = y + row * outputs();
    each_window([&](PoolAxis::Window down, PoolAxis::Window across, size_t place) {
      float* const result = to + place * channels;
      bool first = true;
      each_place(down, across, [&](size_t at) {
        const float* const values = from + at * channels;
        if (first) {
          std::copy_n(values, channels, result);
        } else if (maximum_) {
          for (size_t c = 0; c < channels; ++c) {
            result[c] = values[c] > result[c] || values[c] != values[c] ? values[c] : result[c];
          }
        } else {
          for (size_t c = 0; c < channels; ++c) result[c] += values[c];
        }
        first = false;
      });
      if (maximum_) return;
      const float share = this->share(down, across);
      for (size_t c = 0; c < channels; ++c) result[c] *= share;
    });
  });
}

void Pool::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  if (d_x == nullptr) return;
  const size_t channels = channels_;
  for_blocks(products_.pool(), pass.rows, 1, work(pass), [&](size_t row, size_t) {
    const float* const from = x + row * inputs();
    float* const to = d_x + row * inputs();
    std::memset(to, 0, inputs() * sizeof(float));
    each_window([&](PoolAxis::Window down, PoolAxis::Window across, size_t place) {
      const float* const d = d_y + row * outputs() + place * channels;
      if (!maximum_) {
        const float share = this->share(down, across);
        each_place(down, across, [&](size_t at) {
          for (size_t c = 0; c < channels; ++c) to[at * channels + c] += d[c] * share;
        });
        return;
      }
      for (size_t c0 = 0; c0 < channels; c0 += kBlock) {
        const size_t count = std::min(kBlock, channels - c0);
        float best[kBlock];
        uint32_t best_at[kBlock];
        bool first = true;
        each_place(down, across, [&](size_t at) {
          const float* const values = from + at * channels + c0;
          for (size_t c = 0; c < count; ++c) {
            const bool larger = first || values[c] > best[c] || values[c] != values[c];
            best[c] = larger ? values[c] : best[c];
            best_at[c] = larger ? static_cast<uint32_t>(at) : best_at[c];
          }
          first = false;
        });
        for (size_t c = 0; c < count; ++c) to[best_at[c] * channels + c0 + c] += d[c0 + c];
      }
    });
  });
}

}  // namespace nrw
