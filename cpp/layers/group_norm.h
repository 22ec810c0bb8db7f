// Group normalisation (Wu, He 2018; PyTorch's nn.GroupNorm) and instance normalisation (Ulyanov, Vedaldi, Lempitsky
// 2016; nn.InstanceNorm1d, nn.InstanceNorm2d, which is a group a channel): the values of each group of neighbouring
// channels, at all places of a row, by their mean and biased variance: xhat = (x - mean) rstd, rstd = 1 / sqrt(var +
// eps), y = xhat gamma_c + beta_c. With g = d_y gamma_c, d_x = rstd (g - mean(g) - xhat mean(g xhat)), means over the
// group. Kept for the backward pass: mean and rstd of each group of each row. The same in training and evaluation.
#pragma once

#include "layers/layer_type.h"

namespace nrw {

extern const LayerType group_norm_type, instance_norm_type;

class GroupNorm final : public Layer {
 public:
  static constexpr size_t kChannelArrays = 4;  // of a row, with a value for each channel

  GroupNorm(const LayerContext& context, uint32_t groups);

  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  std::vector<Parameter*> parameters() override;

 private:
  // What the kernels take of a row: scale is rstd gamma forward and rstd backward; a is beta forward.
  struct Channels {
    float *mean, *scale, *a, *b;
  };
  Channels channels_of(size_t row) noexcept;
  void forward_row(size_t row, const float* x, float* y) noexcept;
  void backward_row(size_t row, const float* x, const float* d_y, float* d_x) noexcept;
  float gamma(size_t channel) const noexcept { return affine_ ? gamma_.value[channel] : 1.0f; }

  Products& products_;
  const size_t channels_, places_, groups_;
  const bool affine_;
  const double eps_;
  Parameter gamma_, beta_;            // channels: PyTorch's weight and bias, where affine
  AlignedBuffer<float> mean_, rstd_;  // rows x groups
  AlignedBuffer<double> sums_;        // rows x 2 x channels: each row's sums of d_y and of d_y xhat
  AlignedBuffer<float> channel_;      // rows x kChannelArrays x channels
};

}  // namespace nrw
