// y = x + w, with a trained vector w (channels) for each place (Gehring et al. 2017; as nn.Embedding(places, channels),
// whose rows are added in order). w lies in memory as a row does.
#pragma once

#include "layers/layer_type.h"

namespace nrw {

extern const LayerType positional_embedding_type;

class PositionalEmbedding final : public Layer {
 public:
  explicit PositionalEmbedding(const LayerContext& context);

  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  std::vector<Parameter*> parameters() override { return {&weight_}; }

 private:
  Products& products_;
  const size_t size_;  // of a row
  Parameter weight_;   // places x channels
};

}  // namespace nrw
