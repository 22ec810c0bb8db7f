// A list of layers within a layer, one after the other: f(x). Their tensors and buffers are named as those of an
// nn.Sequential `layers` in the module: layers.0.weight.
#pragma once

#include "layers/layer_type.h"

namespace nrw {

// How many layers it is with those that lie within it: so many numbers of LayerContext are its own.
uint32_t layers_in(const LayerSpec& spec);

// A list that has been read, with the shape of the rows before each layer and, at the end, after the last one.
struct InnerPlan {
  // Of the setting `layers`. Throws NRW_INVALID_ARGUMENT, NRW_UNSUPPORTED with the path of what is wrong.
  InnerPlan(const Settings& settings, const Shape& input);

  std::vector<LayerSpec> layers;
  std::vector<Shape> shapes;

  const Shape& output() const noexcept { return shapes.back(); }
  uint64_t widest() const noexcept;  // of the rows after each layer
  std::vector<TensorSpec> tensors() const;
  size_t workspace(uint32_t rows, unsigned threads) const;  // bytes, as LayerType::workspace
};

class InnerLayers {
 public:
  explicit InnerLayers(const LayerContext& context);

  void reserve(uint32_t rows);
  size_t pack_tasks(bool training) const noexcept;
  void pack(size_t task) noexcept;
  // f(x), valid until the next call.
  const float* forward(const Pass& pass, const float* x) noexcept;
  // d_f(x) is overwritten. d_x may be NULL.
  void backward(const Pass& pass, const float* x, float* d_f, float* d_x) noexcept;
  // Where the derivative to f(x) is put before backward: rows x outputs.
  float* d_output() noexcept { return d_[0].data(); }
  double penalty() const noexcept;
  void started() noexcept;
  void commit() noexcept;
  std::vector<Parameter*> parameters();
  std::vector<Buffer*> buffers();
  const Shape& output() const noexcept { return plan_.output(); }

  // The layers one by one, with what each gave in the last forward pass: rows x outputs.
  size_t count() const noexcept { return layers_.size(); }
  Layer& layer(size_t i) noexcept { return *layers_[i]; }
  const LayerSpec& spec(size_t i) const noexcept { return plan_.layers[i]; }
  const Shape& output_of(size_t i) const noexcept { return plan_.shapes[i + 1]; }
  const float* values_of(size_t i) const noexcept { return y_[i].data(); }

 private:
  const InnerPlan plan_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<AlignedBuffer<float>> y_;  // rows x outputs of each layer
  AlignedBuffer<float> d_[2];            // rows x widest: gradients, in turn
};

// A layer that has layers within it, all but its forward and backward pass.
class OuterLayer : public Layer {
 public:
  explicit OuterLayer(const LayerContext& context) : products_(context.products), inner_(context) {}

  void reserve(uint32_t rows) override { inner_.reserve(rows); }
  size_t pack_tasks(bool training) const noexcept override { return inner_.pack_tasks(training); }
  void pack(size_t task) noexcept override { inner_.pack(task); }
  double penalty() const noexcept override { return inner_.penalty(); }
  void started() noexcept override { inner_.started(); }
  void commit() noexcept override { inner_.commit(); }
  std::vector<Parameter*> parameters() override { return inner_.parameters(); }
  std::vector<Buffer*> buffers() override { return inner_.buffers(); }
  InnerLayers* inner_layers() noexcept override { return &inner_; }

  static std::vector<TensorSpec> tensors(const Settings& settings, const Shape& input, const Shape& output);
  static size_t workspace(const Settings& settings, const Shape& input, const Shape& output, uint32_t rows,
                          unsigned threads);

 protected:
  Products& products_;
  InnerLayers inner_;
};

}  // namespace nrw
