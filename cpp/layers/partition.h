// Parts of a graph of about the same number of vertices with few edges between them, by recursive bisection in several
// levels (Karypis and Kumar, "A fast and high quality multilevel scheme for partitioning irregular graphs", 1998):
// pairs of vertices that share a heavy edge become one until few are left, those are divided by growing a part from a
// vertex, and on the way back each level's division is improved by moving single vertices (Fiduccia and Mattheyses
// 1982).
#pragma once

#include <cstdint>
#include <vector>

namespace nrw {

// Undirected: each edge is in the lists of both its ends, and no vertex is in its own.
struct Graph {
  std::vector<uint64_t> begin{0};  // vertices + 1
  std::vector<uint32_t> to;        // of each entry: the vertex at the other end
  std::vector<uint32_t> edge_weight;
  std::vector<uint32_t> weight;  // of each vertex
  uint32_t size() const noexcept { return static_cast<uint32_t>(weight.size()); }
};

// pairs: vertices, two for each directed edge; edges in both directions, and repeated ones, become one that weighs as
// many.
Graph graph_of(uint32_t vertices, const std::vector<uint32_t>& pairs);

// The part of each vertex, below `parts`. The same for the same graph.
std::vector<uint32_t> partition(const Graph& graph, uint32_t parts);

// The vertices by part, and within one in an order in which neighbours are near each other: breadth first from the
// vertex of fewest neighbours, those of fewest first (Cuthill and McKee 1969). begin: parts + 1.
std::vector<uint32_t> local_order(const Graph& graph, const std::vector<uint32_t>& part, uint32_t parts,
                                  std::vector<uint32_t>& begin);

}  // namespace nrw
