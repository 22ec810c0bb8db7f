// Pooling (PyTorch's nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d): each output is the largest value or the
// mean of a window of its channel. x is (height x width x channels) a row, a signal has height 1; along an axis there
// are floor((size + 2 padding - kernel) / stride) + 1 windows. Places outside the input never win a maximum; in a mean
// they are zeros that count (count_include_pad) or do not count. Of equal values the first, by row and column, is the
// largest, and a NaN is larger than anything. Nothing is kept for the backward pass, which finds the largest values
// again.
#pragma once

#include "layers/layer_type.h"

namespace nrw {

extern const LayerType max_pool1d_type, max_pool2d_type, average_pool1d_type, average_pool2d_type;

// Along one axis.
struct PoolAxis {
  uint32_t size = 1, kernel = 1, stride = 1, padding = 0, outputs = 1;
  // The places [first, first + count) of window i.
  struct Window {
    size_t first, count;
  };
  Window window(size_t i) const noexcept {
    const size_t from = i * stride, begin = from < padding ? 0 : from - padding;
    const size_t end = from + kernel < size_t{padding} + size ? from + kernel - padding : size;
    return {begin, end - begin};
  }
};

class Pool final : public Layer {
 public:
  // maximum: else the mean. count_padding: whether places outside count in the mean.
  Pool(Products& products, uint32_t channels, PoolAxis rows, PoolAxis columns, bool maximum, bool count_padding)
      : products_(products),
        channels_(channels),
        vertical_(rows),
        horizontal_(columns),
        maximum_(maximum),
        count_padding_(count_padding) {}

  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;

 private:
  // body(window, y): `window` gives the places of one window of a row in order, y is the output's place.
  template <class Body>
  void each_window(Body&& body) const noexcept;
  template <class Visit>
  void each_place(PoolAxis::Window down, PoolAxis::Window across, Visit&& visit) const noexcept;
  float share(PoolAxis::Window down, PoolAxis::Window across) const noexcept;  // of a place in the mean
  size_t inputs() const noexcept { return size_t{channels_} * vertical_.size * horizontal_.size; }
  size_t outputs() const noexcept { return size_t{channels_} * vertical_.outputs * horizontal_.outputs; }
  size_t work(const Pass& pass) const noexcept { return pass.rows * outputs() * vertical_.kernel * horizontal_.kernel; }

  Products& products_;
  const uint32_t channels_;
  const PoolAxis vertical_, horizontal_;
  const bool maximum_, count_padding_;
};

}  // namespace nrw
