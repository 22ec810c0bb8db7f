#include "layers/upsample.h"

#include <algorithm>
#include <cstring>

#include "base/status.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {
    {.name = "factor",
     .type = Field::Type::kAxes,
     .about = "how many places there are for each one before; one number, or one for each axis",
     .minimum = 1,
     .maximum = 4096,
     .value = true,
     .example = "2"},
    {.name = "mode",
     .type = Field::Type::kWord,
     .about = "nearest: values are repeated; linear: values between are interpolated, in "
              "images along both axes",
     .fallback = "\"nearest\"",
     .words = "nearest linear"}};

template <uint32_t kAxes>
Shape output(const Settings& settings, const Shape& input) {
  settings.require(
      input.dimensions == kAxes + 1, "factor",
      format("is for %s, but the rows before it are %s; put an unflatten or reshape before it",
             kAxes == 1 ? "signals, [channels, length]" : "images, [channels, height, width]", input.text().c_str()));
  const std::vector<uint32_t> factor = settings.axes("factor", kAxes);
  Shape output = input;
  for (uint32_t i = 0; i < kAxes; ++i) {
    settings.require(uint64_t{factor[i]} * input.sizes[i + 1] <= 16777216, "factor",
                     format("%u makes an axis of %u places too long", factor[i], input.sizes[i + 1]));
    output.sizes[i + 1] *= factor[i];
  }
  return output;
}

size_t workspace(const Settings&, const Shape&, const Shape& output, uint32_t, unsigned) {
  size_t places = 0;
  for (uint32_t i = 1; i < output.dimensions; ++i) places += output.sizes[i];
  return 8 * places;
}

template <uint32_t kAxes>
std::unique_ptr<Layer> make(const LayerContext& context) {
  const std::vector<uint32_t> factor = context.settings.axes("factor", kAxes);
  const auto& sizes = context.input.sizes;
  const Upsample::Axis vertical = kAxes == 2 ? Upsample::Axis{sizes[1], factor[0]} : Upsample::Axis{};
  const Upsample::Axis horizontal{sizes[kAxes], factor[kAxes - 1]};
  return std::make_unique<Upsample>(context.products, context.input.channels(), vertical, horizontal,
                                    context.settings.word("mode") == "linear");
}

template <uint32_t kAxes>
constexpr LayerType type(const char* name, const char* about) {
  return {name, about, kFields, output<kAxes>, no_tensors, workspace, make<kAxes>};
}

}  // namespace

const LayerType upsample1d_type = type<1>("upsample1d", "makes a signal longer by a whole factor");
const LayerType upsample2d_type = type<2>("upsample2d", "makes an image larger by a whole factor along each axis");

Upsample::Upsample(Products& products, uint32_t channels, Axis vertical, Axis horizontal, bool linear)
    : products_(products),
      channels_(channels),
      height_(vertical.size),
      width_(horizontal.size),
      vertical_(sources(vertical, linear)),
      horizontal_(sources(horizontal, linear)) {}

std::vector<Upsample::Source> Upsample::sources(Axis axis, bool linear) {
  std::vector<Source> all(size_t{axis.size} * axis.factor);
  for (size_t i = 0; i < all.size(); ++i) {
    const double at = linear ? std::max(0.0, (static_cast<double>(i) + 0.5) / axis.factor - 0.5)
                             : static_cast<double>(i / axis.factor);
    const auto first = static_cast<uint32_t>(at);
    all[i] = {first, first + 1 < axis.size ? static_cast<float>(at - first) : 0.0f};
  }
  return all;
}

template <class Body>
void Upsample::each_pair(Body&& body) const noexcept {
  size_t place = 0;
  for (const Source& down : vertical_) {
    const size_t top = size_t{down.first} * width_;
    for (const Source& across : horizontal_) {
      const float upper = 1 - down.share, left = 1 - across.share;
      body(place, top + across.first, upper * left);
      if (across.share != 0) body(place, top + across.first + 1, upper * across.share);
      if (down.share != 0) body(place, top + width_ + across.first, down.share * left);
      if (down.share != 0 && across.share != 0) {
        body(place, top + width_ + across.first + 1, down.share * across.share);
      }
      ++place;
    }
  }
}

void Upsample::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t channels = channels_;
  for_blocks(products_.pool(), pass.rows, 1, 4 * pass.rows * outputs(), [&](size_t row, size_t) {
    const float* const from = x + row * inputs();
    float* const to = y + row * outputs();
    std::memset(to, 0, outputs() * sizeof(float));
    each_pair([&](size_t place, size_t at, float weight) {
      for (size_t c = 0; c < channels; ++c) to[place * channels + c] += weight * from[at * channels + c];
    });
  });
}

void Upsample::backward(const Pass& pass, const float*, const float* d_y, float* d_x) noexcept {
  if (d_x == nullptr) return;
  const size_t channels = channels_;
  for_blocks(products_.pool(), pass.rows, 1, 4 * pass.rows * outputs(), [&](size_t row, size_t) {
    const float* const from = d_y + row * outputs();
    float* const to = d_x + row * inputs();
    std::memset(to, 0, inputs() * sizeof(float));
    each_pair([&](size_t place, size_t at, float weight) {
      for (size_t c = 0; c < channels; ++c) to[at * channels + c] += weight * from[place * channels + c];
    });
  });
}

}  // namespace nrw
