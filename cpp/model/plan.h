// The requested layers, and the network that they make, with every size computed and every rule checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "layers/factored_output.h"
#include "narrows.h"
#include "optim/optimizer.h"

namespace nrw {

// One nrw_model_add_layer: values as narrows.h has them.
struct LayerSpec {
  uint32_t kind = NRW_LINEAR;
  uint32_t size = 0;  // linear: outputs
  double p0 = 0, p1 = 0;
  uint32_t flags = 0;
  uint32_t init = NRW_INIT_DEFAULT;
  double init_p = 0;
};

// The implementation of a layer: the numbers of nrw_model_layer.
enum class Solver : uint32_t {
  kNone = 0,
  kSparseInput = 1,
  kDense = 2,
  kTileOutput = 3,
  kFactoredOutput = 4,
  kDenseInput = 5
};

struct PlannedLayer {
  LayerSpec spec;
  uint32_t part = NRW_ENCODER;
  uint32_t index = 0;  // in its part
  uint32_t inputs = 0, outputs = 0;
  Solver solver = Solver::kNone;
  int mirrored = -1;  // tied: the number in Plan::layers of the encoder layer whose weight this is

  bool linear() const noexcept { return spec.kind == NRW_LINEAR; }
  bool has_bias() const noexcept { return linear() && (spec.flags & NRW_NO_BIAS) == 0; }
  bool tied() const noexcept { return mirrored >= 0; }
  uint64_t weights() const noexcept;  // trained values of its own
  uint64_t biases() const noexcept;
  uint64_t parameters() const noexcept { return weights() + biases(); }
  std::string name() const;  // "encoder.0", as in the config and in PyTorch
};

// nrw_model_set_factored.
struct FactoredSettings {
  uint32_t rule = NRW_LEAST_SQUARES;
  LeastSquaresSettings least_squares;
  double rows = 0;          // different training rows; 0: not known
  double weight_decay = 0;  // NRW_FACTORED_SGD
};

// The encoder's layers, then the decoder's: the first is the input layer, the last the output layer.
struct Plan {
  uint32_t columns = 0;
  bool dense = false;  // the data
  std::vector<PlannedLayer> layers;
  uint32_t latent = 0;        // size of the latent vector
  size_t encoder_layers = 0;  // layers[0 .. encoder_layers)
  uint32_t widest = 0;        // of the dense activations
  FactoredSettings factored;  // where the last layer's solver is the factored one

  const PlannedLayer& first() const noexcept { return layers.front(); }
  const PlannedLayer& last() const noexcept { return layers.back(); }
  uint64_t parameters() const noexcept;
};

// A layer's own settings, without its neighbours. Throws NRW_INVALID_ARGUMENT, NRW_UNSUPPORTED; `name` as in the
// config.
void validate(const LayerSpec& spec, const std::string& name);

// Throws NRW_INVALID_ARGUMENT, NRW_UNSUPPORTED with the layer named.
Plan make_plan(uint32_t columns, const std::vector<LayerSpec>& encoder, const std::vector<LayerSpec>& decoder,
               bool dense = false);

// nrw_model_estimate, in bytes.
struct Estimate {
  double parameters = 0;  // trained values and buffers, as laid out in memory
  double optimizer = 0;
  double workspace = 0;  // gradients, activations, packed operands, the tile workspace
  double largest = 0;    // single allocation
  double count = 0;      // number of parameters (not bytes)
  double sum() const noexcept { return parameters + optimizer + workspace; }
};
Estimate estimate(const Plan& plan, const OptimizerSettings& optimizer, unsigned threads, uint32_t batch_rows,
                  double nnz_per_row);

}  // namespace nrw
