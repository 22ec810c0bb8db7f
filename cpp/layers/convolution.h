// Convolutions over signals and images and their transposes: PyTorch's nn.Conv1d, Conv2d, ConvTranspose1d and
// ConvTranspose2d, on rows with channels last. conv_geometry.h has the formulas.
//
// Each product is one of matrices, a row at a time: windows (places x depth) times weights (depth x filters), where a
// window's values are in the order (kernel, channels). Windows of a signal without dilation overlap in memory and are
// read as they lie in a copy of the row with its zeros; other windows are copied into a strip that stays in cache.
#pragma once

#include "layers/conv_geometry.h"
#include "layers/layer_type.h"

namespace nrw {

extern const LayerType conv1d_type;
extern const LayerType conv2d_type;
extern const LayerType conv_transpose1d_type;
extern const LayerType conv_transpose2d_type;

class Convolution final : public Layer {
 public:
  // weight, bias: as the layer's type has them; bias is NULL for none.
  Convolution(Products& products, const ConvGeometry& geometry, bool transposed, const TensorSpec& weight,
              const TensorSpec* bias);

  void reserve(uint32_t rows) override;
  std::vector<Parameter*> parameters() override;
  size_t pack_tasks(bool) const noexcept override { return geometry_.groups; }
  void pack(size_t group) noexcept override;

  bool takes_neighbours() const noexcept override { return true; }
  void forward_with(const Pass& pass, const float* x, float* y, const After& after) noexcept override;
  void backward_with(const Pass& pass, const float* x, const float* d_y, float* d_x,
                     const Before& before) noexcept override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override { forward_with(pass, x, y, {}); }
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override {
    backward_with(pass, x, d_y, d_x, {});
  }

  // Floats that it holds beside its parameters.
  static size_t workspace(const ConvGeometry& geometry, uint32_t rows, unsigned threads) noexcept;

 private:
  // Windows of a stretch of places of one group: element (place, value) at data[place * pitch + value].
  struct Windows {
    const float* data;
    size_t pitch;
  };
  // One row of X with its zeros: group by group, each `reach` down x `reach` across x channels of the group.
  struct Padded {
    const float* data;
    size_t group_size, line_pitch;
  };
  struct Room {  // a worker's
    float *padded, *strip, *narrow;
  };

  Room room(unsigned worker) noexcept;
  Padded pad(const float* x, const Room& room) const noexcept;
  Windows windows(const Padded& padded, size_t group, size_t first, size_t count, const Room& room) const noexcept;
  // finish(first, count): a stretch of values of the output is done.
  template <class Finish>
  void gather(const float* x, float* y, const Room& room, const float* bias, Finish&& finish) const noexcept;
  void scatter(const float* y, float* x, const Room& room, const float* bias) const noexcept;
  void add_strip(size_t first, size_t count, const float* strip, float* to) const noexcept;
  void outer(const float* x, const float* y, const Room& room, float* partial) const noexcept;
  void add_place_sums(size_t places, size_t width, const float* d_y, float* sums) const noexcept;
  void add_partials(size_t chunks) noexcept;

  Products& products_;
  const ConvGeometry geometry_;
  const bool transposed_, has_bias_;
  const size_t stretch_;  // places that are worked on at once
  Parameter weight_, bias_;
  AlignedBuffer<float> ordered_;    // weights as filters x (kernel, channels)
  AlignedBuffer<float> to_narrow_;  // a group: depth x filters, packed
  AlignedBuffer<float> to_wide_;    // a group: filters x depth, packed
  AlignedBuffer<float> rooms_;
  AlignedBuffer<float> partials_;  // a chunk of rows: groups x depth x filters, then the bias
};

}  // namespace nrw
