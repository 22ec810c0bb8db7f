#include "model/graph.h"

#include "base/status.h"
#include "layers/neuron_graph.h"
#include "layers/partition.h"

namespace nrw {

std::vector<uint32_t> graph_edges(std::string_view layer) {
  const LayerSpec spec = layer_spec(Json::parse(layer), "layer");
  if (spec.type != &neuron_graph_type) {
    throw Error(NRW_INVALID_ARGUMENT, "layer.kind: must be neuron_graph, got " + std::string(spec.type->name));
  }
  return neuron_graph_edges(spec.settings);
}

std::vector<uint32_t> graph_parts(uint32_t vertices, const std::vector<uint32_t>& pairs, uint32_t parts) {
  return partition(graph_of(vertices, pairs), parts);
}

}  // namespace nrw
