// Noise on the values of a row, in training only; the identity else. First in the encoder it makes a denoising
// autoencoder (Vincent et al. 2010): the target stays the row without noise.
//
//   gaussian_noise   y = x + deviation * normal
//   salt_and_pepper  a share of the values, drawn one by one, becomes low or high with the same probability
//   mask_noise       a share of the values becomes 0; with tokens a share of the places, with all their channels
//
// What is drawn is a function of (seed, layer, step, row id, place in the row). The gradient passes where the value
// did. Kept for the backward pass: which values passed.
#pragma once

#include "layers/layer_type.h"
#include "layers/noise_layer.h"
#include "layers/products.h"

namespace nrw {

extern const LayerType gaussian_noise_type, salt_and_pepper_type, mask_noise_type;

class GaussianNoise final : public NoiseLayer {
 public:
  explicit GaussianNoise(const LayerContext& context);

  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void set_amount(double amount) noexcept override { deviation_ = static_cast<float>(amount); }
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;

 private:
  Products& products_;
  const size_t width_;
  float deviation_;
  const uint64_t seed_;
  const uint32_t layer_;
};

// Values are replaced in groups of `channels_` neighbours, which one word decides on.
class ReplacingNoise final : public NoiseLayer {
 public:
  // channels: 1, or those of a place. low, high: what replaces a value.
  ReplacingNoise(const LayerContext& context, double share, uint32_t channels, double low, double high);

  void reserve(uint32_t rows) override { kept_.reserve(rows * width_); }
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void set_amount(double amount) noexcept override { share_ = amount; }
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;

 private:
  Products& products_;
  const size_t width_;
  double share_;
  const uint32_t channels_;
  const float low_, high_;
  const uint64_t seed_;
  const uint32_t layer_;
  AlignedBuffer<uint8_t> kept_;  // rows x width
};

}  // namespace nrw
