// What a loss tells about itself. A loss is one pair of files in this folder and one line in loss_types.cpp.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/settings.h"
#include "kernels/kernels.h"
#include "losses/loss.h"

namespace nrw {

struct LossContext {
  const Kernels& kernels;
  const Settings& settings;
  Shape shape;  // of a row of the data
  uint64_t seed = 0;
};

struct LossType {
  const char* name;
  const char* about;
  std::span<const Field> fields;  // kReduction among them
  bool separable;
  bool quadratic;  // squared error: what the factored output layer solves for
  std::unique_ptr<Loss> (*make)(const LossContext& context);
  // Outputs for each column of the data.
  uint32_t (*heads)(const Settings& settings) = [](const Settings&) { return uint32_t{1}; };
  // The tensors of Loss::parameters(), in their order.
  std::vector<TensorSpec> (*tensors)(const Settings& settings, const Shape& shape) = [](const Settings&, const Shape&) {
    return std::vector<TensorSpec>();
  };
  // Throws NRW_INVALID_ARGUMENT with "loss" and the field where rows of that shape cannot be taken. NULL: all can.
  void (*check)(const Settings& settings, const Shape& shape) = nullptr;
  bool likelihood = false;  // a negative log-likelihood, with Loss::fit_terms and mean_loss
  // What makes the reconstruction of the outputs, for other programs: identity, sigmoid, exp, softplus, softmax, or
  // {FIELD} for what that field says. NULL: no exported network can have this loss.
  const char* link = nullptr;
};

std::span<const LossType* const> loss_types();

struct LossSpec {
  const LossType* type = nullptr;
  Settings settings;
};

// given: {"kind": NAME, FIELD: VALUE, ...}. Throws NRW_INVALID_ARGUMENT with "loss" and the field.
LossSpec loss_spec(const Json& given);

}  // namespace nrw
