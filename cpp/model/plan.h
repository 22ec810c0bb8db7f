// The network that a description makes, with every shape computed and every rule checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "layers/factored_output.h"
#include "model/spec.h"

namespace nrw {

// What does a layer's work.
enum class Solver : uint32_t { kPlain, kSparseInput, kDenseInput, kTileOutput, kFactoredOutput };

struct PlannedLayer {
  LayerSpec spec;
  bool in_encoder = true;
  uint32_t index = 0;  // in its part
  Shape input, output;
  Solver solver = Solver::kPlain;
  int mirrored = -1;  // tied: the number in Plan::layers of the encoder layer whose weight this is

  bool linear() const noexcept;
  bool tied() const noexcept { return mirrored >= 0; }
  std::vector<TensorSpec> tensors() const { return spec.type->tensors(spec.settings, input, output); }
  uint64_t parameters() const;  // trained values of its own
  uint32_t inputs() const noexcept { return static_cast<uint32_t>(input.size()); }
  uint32_t outputs() const noexcept { return static_cast<uint32_t>(output.size()); }
  bool has_bias() const;     // of a linear layer
  std::string name() const;  // "encoder.0", as in the config and in PyTorch
};

// What does its work, as narrows.h tells it.
const char* solver_name(const PlannedLayer& layer) noexcept;

struct FactoredSettings {
  bool sgd = false;  // the exact stochastic gradient; else least squares
  LeastSquaresSettings least_squares;
  double rows = 0;          // different training rows; 0: not known
  double weight_decay = 0;  // sgd
};

// The encoder's layers, then the decoder's. An accelerator may claim the first layer, another the last one; the layers
// between them, or all of them, are plain.
struct Plan {
  uint32_t columns = 0;
  Shape shape;         // of a row of the data
  bool dense = false;  // the data
  std::vector<PlannedLayer> layers;
  LossSpec loss;
  size_t encoder_layers = 0;                                        // layers[0 .. encoder_layers)
  uint64_t widest = 0;                                              // of the activations between the ends
  double steps_per_epoch = 0;                                       // of training; 0: not known
  uint32_t categories = 0;                                          // of the rows; 0: none
  bool encoder_needs_categories = false, needs_categories = false;  // whether a layer does
  bool hidden_only = false;   // whether the loss of training is that of the places which the first layer hides
  FactoredSettings factored;  // where the last layer's solver is the factored one

  const PlannedLayer& first() const noexcept { return layers.front(); }
  const PlannedLayer& last() const noexcept { return layers.back(); }
  const Shape& latent() const noexcept { return layers[encoder_layers - 1].output; }
  bool input_claimed() const noexcept { return first().solver != Solver::kPlain; }
  bool output_claimed() const noexcept { return last().solver != Solver::kPlain; }
  size_t plain_begin() const noexcept { return input_claimed() ? 1 : 0; }  // layers[plain_begin .. plain_end) are plain
  size_t plain_end() const noexcept { return layers.size() - (output_claimed() ? 1 : 0); }
  // The shape that enters the plain layers, and the one that leaves them.
  const Shape& entering() const noexcept { return input_claimed() ? first().output : shape; }
  const Shape& leaving() const noexcept { return output_claimed() ? last().input : last().output; }
  uint64_t parameters() const;
};

// Throws NRW_INVALID_ARGUMENT, NRW_UNSUPPORTED with the layer and, where it is one setting, the field.
Plan make_plan(const ModelSpec& spec);

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
