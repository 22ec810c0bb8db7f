#include "optim/adam.h"

namespace nrw {

namespace {

constexpr Field decoupled() {
  Field field = kWeightDecay;
  field.about = "decoupled weight decay";
  return field;
}

constexpr Field kAdam[] = {kWeightDecay, kBetas, kEps};
constexpr Field kAdamW[] = {decoupled(), kBetas, kEps};

template <OptimizerKind kind>
OptimizerSettings settings(const Settings& given) {
  return {.kind = kind,
          .weight_decay = given.number("weight_decay"),
          .beta1 = given.pair("betas", 0),
          .beta2 = given.pair("betas", 1),
          .eps = given.number("eps")};
}

}  // namespace

const OptimizerType adam_type = {"adam",
                                 "the gradient's running mean, divided by the root of the running mean of its square",
                                 kAdam, settings<OptimizerKind::kAdam>};
const OptimizerType adamw_type = {"adamw", "adam with decoupled weight decay", kAdamW, settings<OptimizerKind::kAdamW>,
                                  true};

}  // namespace nrw
