// Stochastic gradient descent, torch.optim.SGD.
#pragma once

#include "optim/optimizer_type.h"

namespace nrw {

extern const OptimizerType sgd_type;

}  // namespace nrw
