// Adagrad (Duchi, Hazan, Singer 2011), torch.optim.Adagrad.
#pragma once

#include "optim/optimizer_type.h"

namespace nrw {

extern const OptimizerType adagrad_type;

}  // namespace nrw
