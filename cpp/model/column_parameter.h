// Column weights as the network owns them: with a gradient for nrw_model_backward, which training never needs.
#pragma once

#include "layers/column_weights.h"

namespace nrw {

struct ColumnParameter {
  ColumnWeights weights;
  AlignedBuffer<float> gradient;  // columns x stride, or empty

  // Floats from row to row for that many hidden units.
  static size_t stride_of(uint32_t width) noexcept { return (static_cast<size_t>(width) + 15) / 16 * 16; }

  ColumnParameter() = default;
  ColumnParameter(uint32_t columns, uint32_t width, int moments) {
    weights.columns = columns;
    weights.width = width;
    weights.stride = stride_of(width);
    weights.value = AlignedBuffer<float>(size());
    if (moments > 0) weights.moment1 = AlignedBuffer<float>(size());
    if (moments > 1) weights.moment2 = AlignedBuffer<float>(size());
  }
  size_t size() const noexcept { return weights.columns * weights.stride; }
  void want_gradient() {
    if (gradient.size() == 0) gradient = AlignedBuffer<float>(size());
  }
};

}  // namespace nrw
