#include "optim/sgd.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {kWeightDecay,
                             kMomentum,
                             {.name = "nesterov",
                              .type = Field::Type::kFlag,
                              .about = "whether Nesterov momentum is used",
                              .fallback = "false"}};

OptimizerSettings settings(const Settings& given) {
  const bool nesterov = given.flag("nesterov");
  given.require(!nesterov || given.number("momentum") > 0, "nesterov", "needs a momentum above 0");
  return {.kind = OptimizerKind::kSgd,
          .weight_decay = given.number("weight_decay"),
          .momentum = given.number("momentum"),
          .nesterov = nesterov};
}

}  // namespace

const OptimizerType sgd_type = {"sgd", "the gradient itself, with or without momentum", kFields, settings};

}  // namespace nrw
