// Starting weights: every element a function of (seed, tensor, element), so nothing depends on threads or layout.
#pragma once

#include "base/parameter.h"
#include "base/settings.h"
#include "base/thread_pool.h"
#include "model/tensors.h"

namespace nrw {

struct Distribution {
  enum Kind { kConstant, kUniform, kNormal } kind = kConstant;
  double scale = 0;  // the constant; uniform in [-scale, scale); standard deviation
};

// Of a tensor of a layer or of the loss with these settings: torch.nn.init's formulas, by the setting `init` where the
// type has it. Tensors of layers within a layer start as those layers say.
Distribution distribution_of(const TensorSpec& tensor, const Settings& settings);

// tensor: its number among the parameters in PyTorch's order. Element (r, c) is number r * columns + c.
void fill(ThreadPool& pool, const FloatView& view, Distribution distribution, uint64_t seed, uint64_t tensor);

}  // namespace nrw
