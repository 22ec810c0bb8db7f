// A layer whose rows have channels first, among layers whose rows have channels last.
#pragma once

#include <memory>

#include "base/shape.h"
#include "layers/layer.h"
#include "layers/products.h"

namespace nrw {

class Reordered final : public Layer {
 public:
  // layer: NULL for none between the two changes of order, as for a flatten. Both shapes have the same size then.
  Reordered(std::unique_ptr<Layer> layer, Products& products, const Shape& input, const Shape& output)
      : layer_(std::move(layer)), products_(products), input_(input), output_(output) {}

  // The layer itself where its rows have one order on both sides.
  static std::unique_ptr<Layer> where_needed(std::unique_ptr<Layer> layer, Products& products, const Shape& input,
                                             const Shape& output);
  // Bytes beside what the layer holds. layer: whether there is one between the two changes of order.
  static size_t workspace(const Shape& input, const Shape& output, uint32_t rows, bool layer = true) noexcept;

  void reserve(uint32_t rows) override;
  size_t pack_tasks(bool training) const noexcept override { return layer_ ? layer_->pack_tasks(training) : 0; }
  void pack(size_t task) noexcept override { layer_->pack(task); }
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  double penalty() const noexcept override { return layer_ ? layer_->penalty() : 0; }
  void add_divergences(size_t rows, double* sums) const noexcept override {
    if (layer_) layer_->add_divergences(rows, sums);
  }
  void commit() noexcept override {
    if (layer_) layer_->commit();
  }
  std::vector<Parameter*> parameters() override { return layer_ ? layer_->parameters() : std::vector<Parameter*>{}; }
  std::vector<Buffer*> buffers() override { return layer_ ? layer_->buffers() : std::vector<Buffer*>{}; }

 private:
  template <class Change>
  void each_row(const Pass& pass, const Shape& shape, const float* from, float* to, Change&& change) noexcept;
  // Without a layer: the values of rows of one shape as rows of another.
  void change(const Pass& pass, const Shape& from_shape, const float* from, const Shape& to_shape, float* to) noexcept;

  const std::unique_ptr<Layer> layer_;
  Products& products_;
  const Shape input_, output_;
  AlignedBuffer<float> x_, y_;  // channels first: the input of the forward pass; outputs, then gradients
  AlignedBuffer<float> d_x_;
};

}  // namespace nrw
