// The description of a network that narrows.h takes as JSON, with every setting checked by itself.
#pragma once

#include <string_view>
#include <vector>

#include "layers/layer_type.h"
#include "losses/loss_type.h"
#include "losses/reduction.h"
#include "optim/optimizer.h"

namespace nrw {

struct ModelSpec {
  uint32_t columns = 0;
  Shape shape = Shape::flat(0);  // of a row of the data; its size is `columns`
  bool dense = false;            // the data
  uint64_t seed = 0;
  unsigned threads = 1;
  std::vector<LayerSpec> encoder, decoder;
  LossSpec loss;
  OptimizerSettings optimizer;
  bool bf16 = false;
  double training_rows = 0;    // different ones; 0: not known
  double steps_per_epoch = 0;  // of training, of the first epoch; 0: not known
  uint32_t categories = 0;     // of the rows; 0: none
  bool hidden_only = false;    // whether the loss of training is that of the places which the first layer hides
  bool accelerators = true;    // false: plain layers and a plain loss at both ends

  Reduction reduction() const { return reduction_of(loss.settings); }
};

// Throws NRW_INVALID_ARGUMENT with the path of the setting (encoder.2.kernel).
ModelSpec model_spec(std::string_view json);

}  // namespace nrw
