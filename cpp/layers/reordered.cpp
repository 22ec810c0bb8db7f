#include "layers/reordered.h"

#include <cstring>

namespace nrw {

std::unique_ptr<Layer> Reordered::where_needed(std::unique_ptr<Layer> layer, Products& products, const Shape& input,
                                               const Shape& output) {
  if (input.one_order() && output.one_order()) return layer;
  return std::make_unique<Reordered>(std::move(layer), products, input, output);
}

size_t Reordered::workspace(const Shape& input, const Shape& output, uint32_t rows, bool layer) noexcept {
  if (!layer) return input.one_order() || output.one_order() ? 0 : size_t{rows} * input.size() * sizeof(float);
  if (input.one_order() && output.one_order()) return 0;
  return size_t{rows} * ((input.one_order() ? 0 : 2 * input.size()) + (output.one_order() ? 0 : output.size())) *
         sizeof(float);
}

void Reordered::reserve(uint32_t rows) {
  if (layer_ == nullptr) {
    if (!input_.one_order() && !output_.one_order()) x_.reserve(rows * input_.size());
    return;
  }
  if (!input_.one_order()) {
    x_.reserve(rows * input_.size());
    d_x_.reserve(rows * input_.size());
  }
  if (!output_.one_order()) y_.reserve(rows * output_.size());
  layer_->reserve(rows);
}

template <class Change>
void Reordered::each_row(const Pass& pass, const Shape& shape, const float* from, float* to, Change&& change) noexcept {
  const size_t size = shape.size();
  for_blocks(products_.pool(), pass.rows, 1, 2 * pass.rows * size, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      if (shape.one_order()) {
        std::memcpy(to + i * size, from + i * size, size * sizeof(float));
      } else {
        change(shape, from + i * size, to + i * size);
      }
    }
  });
}

void Reordered::change(const Pass& pass, const Shape& from_shape, const float* from, const Shape& to_shape,
                       float* to) noexcept {
  if (to_shape.one_order()) {
    each_row(pass, from_shape, from, to, to_channels_first);
  } else if (from_shape.one_order()) {
    each_row(pass, to_shape, from, to, to_channels_last);
  } else {
    each_row(pass, from_shape, from, x_.data(), to_channels_first);
    each_row(pass, to_shape, x_.data(), to, to_channels_last);
  }
}

void Reordered::forward(const Pass& pass, const float* x, float* y) noexcept {
  if (layer_ == nullptr) return change(pass, input_, x, output_, y);
  if (!input_.one_order()) {
    each_row(pass, input_, x, x_.data(), to_channels_first);
    x = x_.data();
  }
  if (output_.one_order()) return layer_->forward(pass, x, y);
  layer_->forward(pass, x, y_.data());
  each_row(pass, output_, y_.data(), y, to_channels_last);
}

void Reordered::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const bool wanted = d_x != nullptr;
  if (layer_ == nullptr) {
    if (wanted) change(pass, output_, d_y, input_, d_x);
    return;
  }
  if (!output_.one_order()) {
    each_row(pass, output_, d_y, y_.data(), to_channels_first);
    d_y = y_.data();
  }
  if (input_.one_order()) return layer_->backward(pass, x, d_y, d_x);
  layer_->backward(pass, x_.data(), d_y, wanted ? d_x_.data() : nullptr);
  if (wanted) each_row(pass, input_, d_x_.data(), d_x, to_channels_last);
}

}  // namespace nrw
