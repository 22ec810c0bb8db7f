// A list of the connections of a network of neurons as text: a connection a line, SOURCE, TARGET and perhaps a WEIGHT,
// separated by a comma, a tab or spaces. Neurons are numbered from 0; a source xI is value I of the row. The first line
// may name the columns, and lines that begin with # or are empty do not count.
#pragma once

#include "layers/neuron_wiring.h"

namespace nrw {

struct EdgeList {
  struct Edge {
    bool from_input;
    uint32_t source, target;
    float weight;
    uint64_t line;
  };
  std::vector<Edge> edges;
  bool weighted = false;

  // Refuses at `field`, with the line, what is no such list.
  static EdgeList read(const Settings& settings, std::string_view field, const std::string& path);
};

// Whole numbers, one a line, as gpmetis writes the part of each vertex. Refuses at `field` what is not `count` of them.
std::vector<uint32_t> read_parts(const Settings& settings, std::string_view field, const std::string& path,
                                 uint32_t count);

}  // namespace nrw
