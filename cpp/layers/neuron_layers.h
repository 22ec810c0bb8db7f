// Images of neurons behind one another (layers 1 ... L), between the row (INPUT) and the outputs (OUTPUT). A layer is
// connected with INPUT, with OUTPUT as it was in the round before, with itself and with its two neighbours: for each of
// these a setting says from which neurons a neuron takes values. neuron_net.h says what is computed.
//
//   a list [height, width]  a tile: the places of the source around the one that corresponds to the neuron's own, with
//                           all their channels; what lies outside the image is left out
//   a number                so many neurons of the source, drawn by the seed, different ones
//   all, 0                  all of the source, none
//
// A place (i, j) of h x w places corresponds to the place (floor((2 i + 1) H / (2 h)), floor((2 j + 1) W / (2 w))) of
// H x W places. A tile reaches (size - 1) / 2 places, rounded down, before it, and the rest behind. A layer of a number
// of neurons, and a row without a shape, is one place with so many channels.
#pragma once

#include "layers/layer_type.h"

namespace nrw {

extern const LayerType neuron_layers_type;

}  // namespace nrw
