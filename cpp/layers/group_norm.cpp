#include "layers/group_norm.h"

#include <algorithm>
#include <cmath>

#include "base/status.h"

namespace nrw {

namespace {

constexpr Field eps_field(bool value) {
  return {.name = "eps",
          .type = Field::Type::kNumber,
          .about = "small number added to the variance",
          .fallback = "1e-05",
          .minimum = 0,
          .maximum = 1,
          .above = true,
          .value = value,
          .example = "1e-05"};
}

constexpr Field affine_field(const char* fallback) {
  return {.name = "affine",
          .type = Field::Type::kFlag,
          .about = "whether each channel is then scaled and shifted by trained values",
          .fallback = fallback};
}

constexpr Field kGroup[] = {{.name = "groups",
                             .type = Field::Type::kCount,
                             .about = "number of groups; the channels must be a multiple of it",
                             .minimum = 1,
                             .maximum = 16777216,
                             .value = true,
                             .example = "4"},
                            eps_field(false),
                            affine_field("true")};
constexpr Field kInstance[] = {eps_field(true), affine_field("false")};

Shape group_output(const Settings& settings, const Shape& input) {
  const uint32_t groups = settings.count("groups");
  settings.require(input.channels() % groups == 0, "groups",
                   format("must divide the number of channels, %u, got %u", input.channels(), groups));
  settings.require(input.size() > groups, "groups", format("%u leaves one value to each group of a row", groups));
  return input;
}

Shape instance_output(const Settings& settings, const Shape& input) {
  settings.require(input.places() > 1, "eps",
                   "instance_norm needs signals or images of more than one place, but the rows before it are " +
                       input.text() + "; use layer_norm for flat rows");
  return input;
}

std::vector<TensorSpec> tensors(const Settings& settings, const Shape&, const Shape& output) {
  if (!settings.flag("affine")) return {};
  return {{.name = "weight", .sizes = {output.channels()}, .constant = 1},
          {.name = "bias", .sizes = {output.channels()}}};
}

size_t memory(uint32_t rows, uint32_t groups, uint32_t channels) {
  const size_t channel = 2 * sizeof(double) + GroupNorm::kChannelArrays * sizeof(float);
  return rows * (2 * size_t{groups} * sizeof(float) + channels * channel);
}

size_t group_workspace(const Settings& settings, const Shape&, const Shape& output, uint32_t rows, unsigned) {
  return memory(rows, settings.count("groups"), output.channels());
}

size_t instance_workspace(const Settings&, const Shape&, const Shape& output, uint32_t rows, unsigned) {
  return memory(rows, output.channels(), output.channels());
}

std::unique_ptr<Layer> make_group(const LayerContext& context) {
  return std::make_unique<GroupNorm>(context, context.settings.count("groups"));
}

std::unique_ptr<Layer> make_instance(const LayerContext& context) {
  return std::make_unique<GroupNorm>(context, context.output.channels());
}

}  // namespace

const LayerType group_norm_type = {
    "group_norm", "normalises each group of channels of each row, then scales and shifts each channel",
    kGroup,       group_output,
    tensors,      group_workspace,
    make_group};
const LayerType instance_norm_type = {
    "instance_norm", "normalises each channel of each signal or image over its places",
    kInstance,       instance_output,
    tensors,         instance_workspace,
    make_instance};

GroupNorm::GroupNorm(const LayerContext& context, uint32_t groups)
    : products_(context.products),
      channels_(context.output.channels()),
      places_(context.output.places()),
      groups_(groups),
      affine_(context.settings.flag("affine")),
      eps_(context.settings.number("eps")) {
  if (!affine_) return;
  const auto specs = tensors(context.settings, context.input, context.output);
  gamma_ = Parameter(specs[0]);
  beta_ = Parameter(specs[1]);
}

std::vector<Parameter*> GroupNorm::parameters() {
  return affine_ ? std::vector<Parameter*>{&gamma_, &beta_} : std::vector<Parameter*>{};
}

void GroupNorm::reserve(uint32_t rows) {
  mean_.reserve(rows * groups_);
  rstd_.reserve(rows * groups_);
  sums_.reserve(rows * 2 * channels_);
  channel_.reserve(rows * kChannelArrays * channels_);
}

GroupNorm::Channels GroupNorm::channels_of(size_t row) noexcept {
  float* const at = channel_.data() + row * kChannelArrays * channels_;
  return {at, at + channels_, at + 2 * channels_, at + 3 * channels_};
}

void GroupNorm::forward_row(size_t row, const float* x, float* y) noexcept {
  const Kernels& kernels = products_.kernels();
  const size_t each = channels_ / groups_;
  double* const sums = sums_.data() + row * 2 * channels_;
  double* const squares = sums + channels_;
  std::fill_n(sums, 2 * channels_, 0.0);
  const float* const shift = x;  // the first place: a value of each channel, near its mean
  kernels.column_moments(places_, channels_, channels_, x, shift, sums, squares);
  const double places = static_cast<double>(places_), n = static_cast<double>(each) * places;
  const Channels channel = channels_of(row);
  for (size_t g = 0; g < groups_; ++g) {
    const size_t first = g * each, end = first + each;
    double sum = 0, square = 0;
    for (size_t c = first; c < end; ++c) sum += places * static_cast<double>(shift[c]) + sums[c];
    const double mean = sum / n;
    for (size_t c = first; c < end; ++c) {
      const double off = static_cast<double>(shift[c]) - mean;
      square += squares[c] + off * (2 * sums[c] + places * off);
    }
    mean_[row * groups_ + g] = static_cast<float>(mean);
    const float rstd = rstd_[row * groups_ + g] = static_cast<float>(1 / std::sqrt(std::max(square, 0.0) / n + eps_));
    for (size_t c = first; c < end; ++c) {
      channel.mean[c] = static_cast<float>(mean);
      channel.scale[c] = rstd * gamma(c);
      channel.a[c] = affine_ ? beta_.value[c] : 0.0f;
    }
  }
  kernels.normalise(places_, channels_, x, channel.mean, channel.scale, channel.a, y);
}

void GroupNorm::backward_row(size_t row, const float* x, const float* d_y, float* d_x) noexcept {
  const Kernels& kernels = products_.kernels();
  const size_t each = channels_ / groups_;
  double* const sums = sums_.data() + row * 2 * channels_;
  double* const products = sums + channels_;  // of d_y and xhat
  std::fill_n(sums, 2 * channels_, 0.0);
  const Channels channel = channels_of(row);
  for (size_t c = 0; c < channels_; ++c) {
    channel.mean[c] = mean_[row * groups_ + c / each];
    channel.scale[c] = rstd_[row * groups_ + c / each];
  }
  kernels.column_products(places_, channels_, channels_, d_y, x, channel.mean, sums, products);
  for (size_t c = 0; c < channels_; ++c) products[c] *= static_cast<double>(channel.scale[c]);
  if (d_x == nullptr) return;
  const double n = static_cast<double>(each * places_);
  for (size_t g = 0; g < groups_; ++g) {
    double sum = 0, product = 0;
    for (size_t c = g * each; c < (g + 1) * each; ++c) {
      sum += sums[c] * static_cast<double>(gamma(c));
      product += products[c] * static_cast<double>(gamma(c));
    }
    for (size_t c = g * each; c < (g + 1) * each; ++c) {
      channel.a[c] = static_cast<float>(sum / n);
      channel.b[c] = static_cast<float>(product / n) * channel.scale[c];
    }
  }
  const float* gradient = d_y;
  if (affine_) {
    for (size_t at = 0; at < places_ * channels_; at += channels_) {
      for (size_t c = 0; c < channels_; ++c) d_x[at + c] = d_y[at + c] * gamma_.value[c];
    }
    gradient = d_x;
  }
  kernels.normalise_backward(places_, channels_, x, gradient, channel.mean, channel.scale, channel.a, channel.b, d_x);
}

void GroupNorm::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t size = channels_ * places_;
  for_blocks(products_.pool(), pass.rows, 1, 6 * pass.rows * size,
             [&](size_t row, size_t) { forward_row(row, x + row * size, y + row * size); });
}

void GroupNorm::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  if (d_x == nullptr && !affine_) return;
  const size_t size = channels_ * places_;
  for_blocks(products_.pool(), pass.rows, 1, 8 * pass.rows * size, [&](size_t row, size_t) {
    backward_row(row, x + row * size, d_y + row * size, d_x == nullptr ? nullptr : d_x + row * size);
  });
  for (size_t c = 0; affine_ && c < channels_; ++c) {
    double sum = 0, product = 0;
    for (size_t row = 0; row < pass.rows; ++row) {
      sum += sums_[row * 2 * channels_ + c];
      product += sums_[row * 2 * channels_ + channels_ + c];
    }
    beta_.gradient[c] += static_cast<float>(sum);
    gamma_.gradient[c] += static_cast<float>(product);
  }
}

}  // namespace nrw
