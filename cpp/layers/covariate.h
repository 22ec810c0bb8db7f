// A covariate of the rows, such as the donor or the run of a cell: y = x + E[c] with a trained vector E[c] (channels)
// for each category c, added at each place. After a linear layer or a convolution this is the same as joining the
// category as a one-hot vector to the layer's input (Lopez et al. 2018), whose further columns of the weight are E;
// but the input stays as it is, so a first layer of sparse rows is fused with the batch as before. E starts at 0.
#pragma once

#include "layers/layer_type.h"
#include "layers/products.h"

namespace nrw {

extern const LayerType covariate_type;

class Covariate final : public Layer {
 public:
  explicit Covariate(const LayerContext& context);

  void reserve(uint32_t) override { sums_.reserve(weight_.size()); }
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  std::vector<Parameter*> parameters() override { return {&weight_}; }

 private:
  Products& products_;
  const size_t channels_, places_;
  Parameter weight_;           // categories x channels
  AlignedBuffer<float> sums_;  // likewise: the gradient of a batch
};

}  // namespace nrw
