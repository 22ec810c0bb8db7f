// RMSprop, torch.optim.RMSprop (Hinton 2012).
#pragma once

#include "optim/optimizer_type.h"

namespace nrw {

extern const OptimizerType rmsprop_type;

}  // namespace nrw
