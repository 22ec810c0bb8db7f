// Convolutions over signals and images and their transposes: PyTorch's nn.Conv1d, Conv2d, ConvTranspose1d and
// ConvTranspose2d, on rows with channels last. conv_geometry.h has the formulas.
//
// Each product is one of matrices, a row at a time: windows (places x depth) times weights (depth x filters), where a
// window's values are in the order (kernel, channels). The kernels read windows as they lie in a copy of the row with
// its zeros, as runs of neighbouring values. Windows of short runs are first copied into a strip that stays in cache.
//
// The scatter is made of gathers, too: X's values that are `stride` apart are a convolution of Y with every stride-th
// tap, in reverse order, so that each is written once. Where that is not possible, windows are added up.
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
  static size_t workspace(const ConvGeometry& geometry, uint32_t rows, unsigned threads);

 private:
  // A gather from Y that makes the values of X at down + stride * i, across + stride * j.
  struct Part {
    ConvGeometry geometry;
    size_t down, across;    // first place
    size_t packed, depths;  // floats before its packed weights in to_wide_, and of one group there
  };
  // Empty where windows are added up instead.
  static std::vector<Part> parts_of(const ConvGeometry& geometry);
  // Y with as many zeros around it as any of several parts of an image reads, as windows of one value: all of them read
  // one copy. Without channels for signals, of which a part copies only the ends.
  static ConvGeometry around(const ConvGeometry& geometry, const std::vector<Part>& parts) noexcept;
  // One row of X with its zeros: group by group, each `reach` down x `reach` across x channels of the group. Of a
  // signal's windows, those at the places [inner, outer) have no zeros. They lie at `inside` instead, which is where
  // the first window would begin.
  struct Padded {
    const float* data;
    size_t group_size, line_pitch;
    const float* inside = nullptr;
    size_t inner = 0, outer = 0;
  };
  struct Room {  // a worker's: for rows of X and of Y with their zeros, and for windows
    float *wide, *narrow, *strip;
  };
  struct Sizes {  // floats
    size_t wide, narrow, strip, packed;
    size_t room() const noexcept { return wide + narrow + strip; }
  };
  static Sizes sizes_of(const ConvGeometry& geometry, const std::vector<Part>& parts) noexcept;

  static size_t stretch_of(const ConvGeometry& g) noexcept;  // places that are worked on at once
  static bool by_dots(const ConvGeometry& g) noexcept;       // whether gather takes few filters along their windows
  static bool by_filters(const ConvGeometry& g) noexcept;
  static void copy(size_t n, const float* from, float* to) noexcept;
  Room room(unsigned worker) noexcept;
  // x with its zeros at `to`. stands: the zeros are there, because `to` is for this geometry alone.
  static Padded pad(const ConvGeometry& g, const float* x, float* to, bool stands) noexcept;
  Padded pad_wide(const float* x, const Room& room) const noexcept {
    return pad(geometry_, x, room.wide, !parts_.empty());  // else windows are added up there
  }
  static size_t stretch_at(const ConvGeometry& g, const Padded& padded, size_t first) noexcept;
  static Windows windows(const ConvGeometry& g, const Padded& padded, size_t group, size_t first, size_t count,
                         const Room& room) noexcept;
  // padded: the row of X. y: of all places. finish(first, count): a stretch of places is done.
  template <class Finish>
  void gather(const ConvGeometry& g, const float* packed, const float* bias, const Padded& padded, const Room& room,
              const Places<float>& y, Finish&& finish) const noexcept;
  // done(first, count): a stretch of values of the output, with its bias.
  template <class Done>
  void to_narrow(const Padded& x, float* y, const Room& room, const float* bias, Done&& done) const noexcept;
  template <class Done>
  void to_wide(const float* y, float* x, const Room& room, const float* bias, Done&& done) const noexcept;
  void scatter(const float* y, float* x, const Room& room) const noexcept;
  void add_bias(size_t places, size_t width, const float* bias, float* values) const noexcept;
  void pack_for(const ConvGeometry& g, const float* weights, float* to) const noexcept;
  void pack_part(const Part& part, size_t group) noexcept;
  void add_strip(size_t first, size_t count, const float* strip, float* to) const noexcept;
  void outer(const Padded& padded, const float* y, const Room& room, float* partial) const noexcept;
  void add_row(const Padded& x, const float* y, const float* d_y, const Room& room, float* partial) const noexcept;
  void add_outer(const Windows& windows, const float* y, float* to) const noexcept;
  void add_place_sums(size_t places, size_t width, const float* d_y, float* sums) const noexcept;
  void add_partials(size_t chunks) noexcept;

  Products& products_;
  const ConvGeometry geometry_;
  const bool transposed_, has_bias_;
  const std::vector<Part> parts_;
  const ConvGeometry around_;
  Parameter weight_, bias_;
  AlignedBuffer<float> ordered_;    // weights as filters x (kernel, channels)
  AlignedBuffer<float> to_narrow_;  // a group: depth x filters, as pack_for writes them
  AlignedBuffer<float> to_wide_;    // filters x depth of each group, packed, or the parts' weights
  Sizes sizes_;
  AlignedBuffer<float> rooms_;
  AlignedBuffer<float> partials_;  // a chunk of rows: filters x depth, or groups x depth x filters, then the bias
};

}  // namespace nrw
