// A free network of neurons: any neuron may take values of any other, by a list of connections from a file
// (edge_list.h) or drawn by a seed. neuron_net.h says what is computed. The outputs are the last neurons.
//
// Drawn: neuron n takes `fan_in` values of other neurons. The neurons stand in a ring; with `reach` each of its sources
// is one of the so many next neurons on either side, but with the probability `far` it is any neuron: a small world
// (Watts and Strogatz 1998).
#pragma once

#include "layers/layer_type.h"
#include "layers/neuron_wiring.h"

namespace nrw {

extern const LayerType neuron_graph_type;

// The connections between the neurons of such a layer: source and target of each, in the order of targets.
std::vector<uint32_t> neuron_graph_edges(const Settings& settings);

}  // namespace nrw
