// A layer that changes rows in training only, by chance, and how much of it there is: the value that stands beside its
// kind in a config. It may be given another value between two steps.
#pragma once

#include "layers/layer.h"

namespace nrw {

class NoiseLayer : public Layer {
 public:
  // From the next forward pass on. amount: within the bounds of the layer type's field.
  virtual void set_amount(double amount) noexcept = 0;
};

}  // namespace nrw
