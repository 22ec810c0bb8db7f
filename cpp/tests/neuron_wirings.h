// Wirings for tests, and the network of a layer as neuron objects.
#pragma once

#include "layer_checks.h"
#include "layers/neuron_objects.h"

namespace nrw::check {

// The wiring of a layer, by its edge_index.
inline Wiring wiring_of(Layer& layer, uint32_t inputs, const std::vector<uint32_t>& outputs) {
  const Buffer& edges = *layer.buffers()[0];
  const auto neurons = static_cast<uint32_t>(layer.parameters()[1]->size());
  const size_t count = edges.value.size() / 2;
  WiringBuilder builder(inputs, neurons);
  for (size_t k = 0; k < count; ++k) {
    builder.connect(static_cast<uint32_t>(edges.value[k]), static_cast<uint32_t>(edges.value[count + k]) - inputs);
  }
  return builder.finish(outputs);
}

// The last `count` neurons.
inline std::vector<uint32_t> last_neurons(Layer& layer, size_t count) {
  const auto neurons = static_cast<uint32_t>(layer.parameters()[1]->size());
  std::vector<uint32_t> all;
  for (size_t o = 0; o < count; ++o) all.push_back(static_cast<uint32_t>(neurons - count + o));
  return all;
}

template <class T>
void take_weights(NeuronObjects<T>& objects, Layer& layer) {
  const auto parameters = layer.parameters();
  objects.each_connection([&](auto& c, uint64_t k) {
    c.weight = static_cast<T>(parameters[0]->value[k]);
    c.gradient = 0;
  });
  for (uint32_t n = 0; n < parameters[1]->size(); ++n) {
    objects.neuron(n).bias = static_cast<T>(parameters[1]->value[n]);
    objects.neuron(n).bias_gradient = 0;
  }
}

}  // namespace nrw::check
