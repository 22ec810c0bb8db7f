// Rows of one shape taken as rows of another with the same values, in PyTorch's order (channels first): nn.Flatten,
// nn.Unflatten and Tensor.reshape of each row. Memory has channels last, so the values move; where both shapes have one
// order they are only copied.
#pragma once

#include "layers/layer_type.h"

namespace nrw {

extern const LayerType flatten_type, unflatten_type, reshape_type;

}  // namespace nrw
