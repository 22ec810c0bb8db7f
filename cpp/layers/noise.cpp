#include "layers/noise.h"

#include <cmath>

#include "layers/row_draws.h"

namespace nrw {

namespace {

constexpr size_t kRows = 8;  // a task

constexpr Field kDeviation[] = {{.name = "deviation",
                                 .type = Field::Type::kNumber,
                                 .about = "standard deviation of the noise, in the units of the values",
                                 .minimum = 0,
                                 .value = true,
                                 .example = "0.1"}};

constexpr Field kReplaced[] = {
    {.name = "share",
     .type = Field::Type::kNumber,
     .about = "share of the values that are replaced in training",
     .minimum = 0,
     .maximum = 1,
     .below = true,
     .value = true,
     .example = "0.1"},
    {.name = "low", .type = Field::Type::kNumber, .about = "what half of the replaced values become", .fallback = "0"},
    {.name = "high",
     .type = Field::Type::kNumber,
     .about = "what the other half of the replaced values become",
     .fallback = "1"}};

constexpr Field kMasked[] = {
    {.name = "share",
     .type = Field::Type::kNumber,
     .about = "share of the values that are set to 0 in training",
     .minimum = 0,
     .maximum = 1,
     .below = true,
     .value = true,
     .example = "0.3"},
    {.name = "tokens",
     .type = Field::Type::kFlag,
     .about = "whether whole places of a signal or an image are masked, with all their channels",
     .fallback = "false"}};

Shape masked_output(const Settings& settings, const Shape& input) {
  settings.require(!settings.flag("tokens") || input.dimensions > 1, "tokens",
                   "is for signals and images, but these rows are flat: remove it, or give the data a shape");
  return input;
}

size_t kept_workspace(const Settings&, const Shape&, const Shape& output, uint32_t rows, unsigned) {
  return size_t{rows} * output.size();
}

std::unique_ptr<Layer> make_gaussian(const LayerContext& context) { return std::make_unique<GaussianNoise>(context); }

std::unique_ptr<Layer> make_salt_and_pepper(const LayerContext& context) {
  const Settings& settings = context.settings;
  return std::make_unique<ReplacingNoise>(context, settings.number("share"), 1, settings.number("low"),
                                          settings.number("high"));
}

std::unique_ptr<Layer> make_mask(const LayerContext& context) {
  const Settings& settings = context.settings;
  return std::make_unique<ReplacingNoise>(context, settings.number("share"),
                                          settings.flag("tokens") ? context.input.channels() : 1, 0, 0);
}

}  // namespace

const LayerType gaussian_noise_type = {.name = "gaussian_noise",
                                       .about = "adds normally distributed noise to the values in training",
                                       .fields = kDeviation,
                                       .output = same_shape,
                                       .tensors = no_tensors,
                                       .workspace = no_workspace,
                                       .make = make_gaussian,
                                       .noise = true,
                                       .torch = "nn.Identity()",
                                       .onnx = "x"};
const LayerType salt_and_pepper_type = {.name = "salt_and_pepper",
                                        .about = "replaces values at random by one of two values in training",
                                        .fields = kReplaced,
                                        .output = same_shape,
                                        .tensors = no_tensors,
                                        .workspace = kept_workspace,
                                        .make = make_salt_and_pepper,
                                        .noise = true,
                                        .torch = "nn.Identity()",
                                        .onnx = "x"};
const LayerType mask_noise_type = {.name = "mask_noise",
                                   .about = "sets values to 0 at random in training, without scaling up the others",
                                   .fields = kMasked,
                                   .output = masked_output,
                                   .tensors = no_tensors,
                                   .workspace = kept_workspace,
                                   .make = make_mask,
                                   .noise = true,
                                   .torch = "nn.Identity()",
                                   .onnx = "x"};

GaussianNoise::GaussianNoise(const LayerContext& context)
    : products_(context.products),
      width_(context.output.size()),
      deviation_(static_cast<float>(context.settings.number("deviation"))),
      seed_(context.seed),
      layer_(context.number) {}

void GaussianNoise::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t n = pass.rows * width_;
  if (!pass.training) {
    std::copy_n(x, n, y);
    return;
  }
  const RowDraws draws(products_.kernels(), seed_, Purpose::kNoise, layer_, pass.step);
  for_blocks(products_.pool(), pass.rows, kRows, 64 * n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const size_t at = i * width_;
      draws.normals(pass.row_id[i], width_, y + at);
      for (size_t j = at; j < at + width_; ++j) y[j] = x[j] + deviation_ * y[j];
    }
  });
}

void GaussianNoise::backward(const Pass& pass, const float*, const float* d_y, float* d_x) noexcept {
  if (d_x != nullptr) std::copy_n(d_y, pass.rows * width_, d_x);
}

ReplacingNoise::ReplacingNoise(const LayerContext& context, double share, uint32_t channels, double low, double high)
    : products_(context.products),
      width_(context.output.size()),
      share_(share),
      channels_(channels),
      low_(static_cast<float>(low)),
      high_(static_cast<float>(high)),
      seed_(context.seed),
      layer_(context.number) {}

// A word below share * 2^32 replaces, and below half of that by `low`.
void ReplacingNoise::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t n = pass.rows * width_;
  if (!pass.training) {
    std::copy_n(x, n, y);
    return;
  }
  const RowDraws draws(products_.kernels(), seed_, Purpose::kNoise, layer_, pass.step);
  const double share = std::ldexp(share_, 32);
  const auto replaced = static_cast<uint64_t>(std::ceil(share)), lowered = static_cast<uint64_t>(std::ceil(share / 2));
  const size_t groups = width_ / channels_;
  for_blocks(products_.pool(), pass.rows, kRows, 16 * n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      draws.for_words(pass.row_id[i], groups, [&](size_t group, size_t some, const uint32_t* words) {
        const size_t at = i * width_ + group * channels_;
        for (size_t k = 0; k < some; ++k) {
          const bool kept = words[k] >= replaced;
          const float other = words[k] < lowered ? low_ : high_;
          for (size_t j = at + k * channels_; j < at + (k + 1) * channels_; ++j) {
            kept_[j] = kept;
            y[j] = kept ? x[j] : other;
          }
        }
      });
    }
  });
}

void ReplacingNoise::backward(const Pass& pass, const float*, const float* d_y, float* d_x) noexcept {
  if (d_x == nullptr) return;
  const size_t n = pass.rows * width_;
  for_blocks(products_.pool(), n, 4096, 2 * n, [&](size_t first, size_t count) {
    for (size_t j = first; j < first + count; ++j) d_x[j] = kept_[j] != 0 ? d_y[j] : 0;
  });
}

}  // namespace nrw
