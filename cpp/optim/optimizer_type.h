// What an optimizer tells about itself. An optimizer is one pair of files in this folder and one line in
// optimizer_types.cpp.
#pragma once

#include <span>

#include "base/settings.h"
#include "optim/optimizer.h"

namespace nrw {

struct OptimizerType {
  const char* name;
  const char* about;
  std::span<const Field> fields;
  OptimizerSettings (*settings)(const Settings& settings);
  bool decoupled = false;  // whether weight decay multiplies the weights, apart from the moments
};

std::span<const OptimizerType* const> optimizer_types();

// given: {"name": NAME, FIELD: VALUE, ...}; "learning_rate" and "sparse" are allowed beside the fields. Throws
// NRW_INVALID_ARGUMENT with "optimizer" and the field.
OptimizerSettings optimizer_settings(const Json& given);

// Fields that several optimizers have.
constexpr Field kWeightDecay = {.name = "weight_decay",
                                .type = Field::Type::kNumber,
                                .about = "L2 penalty, added to the gradient",
                                .fallback = "0",
                                .minimum = 0,
                                .maximum = 1000};
constexpr Field kMomentum = {.name = "momentum",
                             .type = Field::Type::kNumber,
                             .about = "weight of earlier updates",
                             .fallback = "0",
                             .minimum = 0,
                             .maximum = 1,
                             .below = true};
constexpr Field kBetas = {.name = "betas",
                          .type = Field::Type::kPair,
                          .about = "decay rates of the two moments",
                          .fallback = "[0.9, 0.999]",
                          .minimum = 0,
                          .maximum = 1,
                          .below = true};
constexpr Field kEps = {.name = "eps",
                        .type = Field::Type::kNumber,
                        .about = "small number added to the denominator",
                        .fallback = "1e-08",
                        .minimum = 0,
                        .maximum = 1,
                        .above = true};

}  // namespace nrw
