// A graph divided into two sides: one that grows from a vertex, and better ones by moving single vertices (Fiduccia and
// Mattheyses, "A linear-time heuristic for improving network partitions", 1982).
#pragma once

#include "layers/partition.h"

namespace nrw {

using Sides = std::vector<uint8_t>;  // 0 or 1 for each vertex

class Division {
 public:
  // wanted: what side 0 is to weigh.
  Division(const Graph& graph, uint64_t wanted);

  // Side 0 grows from `start` by the vertex that is connected best with it, from a new vertex where none is.
  Sides grow(uint32_t start) const;
  // The weight of the edges between the sides.
  uint64_t cut(const Sides& side) const;
  // The cut never becomes larger, but where the sides were out of balance.
  void improve(Sides& side) const;

 private:
  uint64_t distance(uint64_t weight) const { return weight > wanted_ ? weight - wanted_ : wanted_ - weight; }
  bool move(Sides& side) const;

  const Graph& graph_;
  const uint64_t wanted_;
  uint64_t slack_ = 0;  // by which a side's weight may differ from what is wanted
};

uint64_t total_weight(const Graph& graph);

}  // namespace nrw
