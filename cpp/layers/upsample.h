// Upsampling by a whole factor along each axis (PyTorch's nn.Upsample, align_corners false). nearest: each value is
// repeated. linear: output i lies at s = max(0, (i + 1/2) / factor - 1/2) of the input and is the mean of the two
// values about it by their distances, at the end the last one; of images along both axes (bilinear). x is (height x
// width x channels) a row; a signal has height 1. Nothing is kept for the backward pass.
#pragma once

#include "layers/layer_type.h"

namespace nrw {

extern const LayerType upsample1d_type, upsample2d_type;

class Upsample final : public Layer {
 public:
  // One axis: its size, and by how much it grows.
  struct Axis {
    uint32_t size = 1, factor = 1;
  };
  Upsample(Products& products, uint32_t channels, Axis vertical, Axis horizontal, bool linear);

  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;

 private:
  // Where an output comes from: (1 - share) of place `first`, `share` of the next one.
  struct Source {
    uint32_t first = 0;
    float share = 0;
  };
  static std::vector<Source> sources(Axis axis, bool linear);
  // body(output place, input place, weight) for all that is not 0.
  template <class Body>
  void each_pair(Body&& body) const noexcept;
  size_t inputs() const noexcept { return size_t{channels_} * height_ * width_; }
  size_t outputs() const noexcept { return channels_ * vertical_.size() * horizontal_.size(); }

  Products& products_;
  const uint32_t channels_, height_, width_;
  const std::vector<Source> vertical_, horizontal_;  // of each output along the axis
};

}  // namespace nrw
