// The graph of a layer of neurons, for those who ask about it apart from a network.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace nrw {

// Source and target of each connection between the neurons of a layer neuron_graph, from its description as JSON.
// Throws NRW_INVALID_ARGUMENT.
std::vector<uint32_t> graph_edges(std::string_view layer);

// The part of each vertex, below `parts`.
std::vector<uint32_t> graph_parts(uint32_t vertices, const std::vector<uint32_t>& pairs, uint32_t parts);

}  // namespace nrw
