// Starting weights: every element a function of (seed, tensor, element), so nothing depends on threads or layout.
#pragma once

#include "base/thread_pool.h"
#include "model/plan.h"
#include "model/tensors.h"

namespace nrw {

struct Distribution {
  enum Kind { kConstant, kUniform, kNormal } kind = kConstant;
  double scale = 0;  // the constant; uniform in [-scale, scale); standard deviation
};

// Of a linear layer's weight and bias: narrows.h's initialisations with PyTorch's formulas (torch.nn.init).
Distribution weight_distribution(const LayerSpec& spec, uint32_t inputs, uint32_t outputs);
Distribution bias_distribution(const LayerSpec& spec, uint32_t inputs);

// tensor: its number among the parameters in PyTorch's order. Element (r, c) is number r * columns + c.
void fill(ThreadPool& pool, const FloatView& view, Distribution distribution, uint64_t seed, uint64_t tensor);

}  // namespace nrw
