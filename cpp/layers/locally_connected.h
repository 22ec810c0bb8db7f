// A convolution over images whose weights are not shared (LeCun 1989): each place of the output sees its own window of
// the input by its own weights. With window u of place o, in the order (channels, kernel) of a convolution's weight,
//
//   y[o, n] = sum over d of u[o, d] w[o, n, d] + b[o, n]
//
// where w (places x filters x depth) and b (places x filters) are trained. In PyTorch it is F.unfold with
// einsum("ndo,ofd->nfo"), which has w as places x filters x channels x kernel height x kernel width.
//
// Each place is a matrix product over the rows of a batch. A task takes the windows of a place in all rows, or for the
// gradient to x all places of some rows, since the windows of a row overlap.
#pragma once

#include "layers/conv_geometry.h"
#include "layers/layer_type.h"

namespace nrw {

extern const LayerType locally_connected2d_type;

// The products of one row as plain loops; y, x and d_w are added to.
template <class T>
void local_gather(const ConvGeometry& g, const T* x, const T* w, T* y) {
  each_conv_term(g, [&](size_t i, size_t o, size_t t) { y[o] += x[i] * w[o / g.filters * g.weights() + t]; });
}
template <class T>
void local_scatter(const ConvGeometry& g, const T* y, const T* w, T* x) {
  each_conv_term(g, [&](size_t i, size_t o, size_t t) { x[i] += y[o] * w[o / g.filters * g.weights() + t]; });
}
template <class T>
void local_outer(const ConvGeometry& g, const T* x, const T* y, T* d_w) {
  each_conv_term(g, [&](size_t i, size_t o, size_t t) { d_w[o / g.filters * g.weights() + t] += x[i] * y[o]; });
}

class LocallyConnected final : public Layer {
 public:
  // weight, bias: as the layer's type has them; bias is NULL for none.
  LocallyConnected(Products& products, const ConvGeometry& geometry, const TensorSpec& weight, const TensorSpec* bias);

  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  std::vector<Parameter*> parameters() override;

  // Floats that it holds beside its parameters.
  static size_t workspace(const ConvGeometry& geometry, uint32_t rows, unsigned threads) noexcept;

 private:
  struct Room {  // a worker's
    float *windows, *packed;
  };
  struct Sizes {  // floats
    size_t windows, packed;
  };
  static Sizes sizes_of(const ConvGeometry& g, size_t rows) noexcept;
  Room room(unsigned worker) noexcept;
  // each(index in x of a row, index in the window) for what of the window of a place lies within the image.
  template <class Each>
  void each_value(size_t place, Each&& each) const noexcept;
  // windows (rows x depth) of a place.
  void take(size_t rows, size_t place, const float* x, float* windows) const noexcept;
  void weight_gradients(size_t rows, const float* x, const float* d_y) noexcept;
  void input_gradient(size_t rows, const float* d_y, float* d_x) noexcept;

  Products& products_;
  const ConvGeometry geometry_;
  const bool has_bias_;
  Parameter weight_, bias_;
  Sizes sizes_{};
  AlignedBuffer<float> rooms_;
};

}  // namespace nrw
