// Adam (Kingma, Ba 2015) and AdamW (Loshchilov, Hutter 2019): torch.optim.Adam and torch.optim.AdamW.
#pragma once

#include "optim/optimizer_type.h"

namespace nrw {

extern const OptimizerType adam_type, adamw_type;

}  // namespace nrw
