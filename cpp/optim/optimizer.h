// SGD, Adam, AdamW and RMSprop with PyTorch's settings, and clipping by the norm of all gradients.
#pragma once

#include <vector>

#include "kernels/kernels.h"

namespace nrw {

// How the sparse input layer treats weights of columns that no sample of a batch has an entry in: NRW_SPARSE_*.
enum class SparseUpdate : uint32_t {
  kExact,  // as the optimizer treats weights with a gradient of zero, at once or later in closed form
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
  bool rests = false;
  double values[4] = {};
};

// Throws NRW_INVALID_ARGUMENT with the setting's name and value.
void validate(const OptimizerSettings& settings);

// The factors of step t (from 1).
OptimizerStep optimizer_step(const OptimizerSettings& settings, double learning_rate, double t);

// The factor for all gradients, as in torch.nn.utils.clip_grad_norm_.
double clip_scale(double gradient_clip, double norm) noexcept;

// PyTorch's names of the state arrays, in the order of s1 and s2 in Kernels::update.
std::vector<const char*> state_names(const OptimizerSettings& settings);

}  // namespace nrw
