// SGD, Adam, AdamW and RMSprop with PyTorch's settings, and clipping by the norm of all gradients.
#pragma once

#include <vector>

#include "kernels/kernels.h"

namespace nrw {

// What the sparse input layer does with rows that no sample of a batch touches: NRW_SPARSE_*.
enum class SparseUpdate : uint32_t {
  kExact,  // what the optimizer does to them: at once, or later in closed form
  kLazy,   // nothing
};

struct OptimizerSettings {
  OptimizerKind kind = OptimizerKind::kAdam;
  double weight_decay = 0;
  double momentum = 0;  // SGD, RMSprop
  bool nesterov = false;
  double beta1 = 0.9;    // Adam
  double beta2 = 0.999;  // Adam; RMSprop's alpha
  double eps = 1e-8;
  double gradient_clip = 0;  // largest norm; 0: no clipping
  SparseUpdate sparse = SparseUpdate::kExact;
  // Of OptimizerKind::kRule: OptimizerStep's, and the names of its state.
  decltype(OptimizerStep::rule) rule = nullptr;
  std::vector<const char*> states{};
  double values[4] = {};
};

// Throws NRW_INVALID_ARGUMENT with the setting's name and value.
void validate(const OptimizerSettings& settings);

// The factors of step t (from 1).
OptimizerStep optimizer_step(const OptimizerSettings& settings, double learning_rate, double t);

// What all gradients are multiplied by: torch.nn.utils.clip_grad_norm_.
double clip_scale(double gradient_clip, double norm) noexcept;

// PyTorch's names of the state, one an array, in the order of Kernels::update's s1, s2.
std::vector<const char*> state_names(const OptimizerSettings& settings);

}  // namespace nrw
