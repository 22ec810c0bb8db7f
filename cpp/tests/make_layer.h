// Layers for tests, from their settings as text.
#pragma once

#include "layers/layer_type.h"

namespace nrw::check {

struct MadeLayer {
  LayerSpec spec;
  Shape input, output;
  std::unique_ptr<Layer> layer;

  // text: {"kind": ...}.
  MadeLayer(Products& products, const std::string& text, const Shape& input, uint64_t seed = 1, uint32_t number = 0,
            double steps_per_epoch = 0)
      : spec(layer_spec(Json::parse(text), "layer")),
        input(input),
        output(spec.type->output(spec.settings, input)),
        layer(spec.type->make({products, spec.settings, input, output, seed, number, steps_per_epoch, nullptr})) {}

  Layer& operator*() const { return *layer; }
  Layer* operator->() const { return layer.get(); }
};

// A pass as a network makes it: the weights are packed first.
inline void pack_and_forward(Layer& layer, const Pass& pass, const float* x, float* y) {
  for (size_t task = 0; task < layer.pack_tasks(pass.training); ++task) layer.pack(task);
  layer.forward(pass, x, y);
}

}  // namespace nrw::check
