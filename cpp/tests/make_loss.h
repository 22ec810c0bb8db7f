// Losses for tests, from their settings as text, and columns of theirs with what they give.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "check.h"
#include "losses/loss_type.h"
#include "numeric_gradient.h"

namespace nrw::check {

struct MadeLoss {
  LossSpec spec;
  std::unique_ptr<Loss> loss;

  // text: {"kind": ...}.
  MadeLoss(const std::string& text, const Shape& shape, const Kernels& kernels = nrw::kernels())
      : spec(loss_spec(Json::parse(text))), loss(spec.type->make({kernels, spec.settings, shape, 1})) {
    const std::vector<TensorSpec> tensors = spec.type->tensors(spec.settings, shape);
    size_t k = 0;
    for (Parameter* parameter : loss->parameters()) {
      CHECK(parameter->name == tensors.at(k).name && parameter->sizes == tensors.at(k).sizes);
      parameter->allocate(0);
      for (float& value : parameter->value) value = static_cast<float>(tensors.at(k).constant);
      ++k;
    }
  }
  Loss* operator->() const { return loss.get(); }
};

// What Loss::column gives for one column.
struct ColumnResult {
  LossSums sums;
  std::vector<float> d;  // heads x rows
  std::vector<double> head_gradients;
};

// o (heads x rows), bias (heads, or empty), y (rows).
inline ColumnResult column_of(Loss& loss, const std::vector<float>& o, const std::vector<float>& bias,
                              const std::vector<float>& y, bool dense, double factor = 1, uint32_t column = 0,
                              bool parameters = false) {
  const size_t rows = y.size(), heads = loss.heads(), stride = rows + 3;
  std::vector<uint32_t> row;
  std::vector<float> entry, space(heads * stride);
  for (size_t i = 0; i < rows; ++i) {
    if (y[i] == 0) continue;
    row.push_back(static_cast<uint32_t>(i));
    entry.push_back(y[i]);
  }
  for (size_t h = 0; h < heads; ++h) std::copy_n(o.data() + h * rows, rows, space.data() + h * stride);
  ColumnResult result;
  result.head_gradients.resize(heads);
  result.sums = loss.column({.column = column,
                             .rows = rows,
                             .factor = factor,
                             .o = space.data(),
                             .head_stride = stride,
                             .bias = bias.empty() ? nullptr : bias.data(),
                             .dense = dense ? y.data() : nullptr,
                             .entries = dense ? 0 : entry.size(),
                             .entry_row = row.data(),
                             .entry = entry.data(),
                             .parameters = parameters},
                            result.head_gradients.data());
  for (size_t h = 0; h < heads; ++h)
    result.d.insert(result.d.end(), space.data() + h * stride, space.data() + h * stride + rows);
  return result;
}

}  // namespace nrw::check
