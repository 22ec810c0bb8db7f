#include "optim/rmsprop.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {kWeightDecay,
                             kMomentum,
                             {.name = "alpha",
                              .type = Field::Type::kNumber,
                              .about = "smoothing constant",
                              .fallback = "0.99",
                              .minimum = 0,
                              .maximum = 1,
                              .below = true},
                             kEps};

OptimizerSettings settings(const Settings& given) {
  return {.kind = OptimizerKind::kRmsprop,
          .weight_decay = given.number("weight_decay"),
          .momentum = given.number("momentum"),
          .beta2 = given.number("alpha"),
          .eps = given.number("eps")};
}

}  // namespace

const OptimizerType rmsprop_type = {"rmsprop", "the gradient, divided by the root of the running mean of its square",
                                    kFields, settings};

}  // namespace nrw
