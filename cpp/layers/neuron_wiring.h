// Who is connected with whom in a network of neurons, and the numbers of the connections.
//
// The values of a row have the numbers 0 ... inputs - 1, and neuron n has the number inputs + n. The connections to a
// neuron follow one another in the order of their sources, and the neurons in the order of their numbers. This is the
// order of the tensors `weight` and `edge_index`, and that of every sum, wherever neurons lie in memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/settings.h"

namespace nrw {

inline constexpr uint32_t kMostNeurons = 1u << 24;  // inputs included: `edge_index` holds their numbers as floats

inline constexpr uint64_t kMostConnections = 0xFFFFFFFEu;

struct Wiring {
  uint32_t inputs = 0, neurons = 0;
  std::vector<uint32_t> outputs;  // the neurons whose sums are the layer's output, in its order
  std::vector<uint64_t> begin;    // neurons + 1: of the connections to each neuron
  std::vector<uint64_t> inner;    // neurons: where, among them, those that come from neurons begin
  std::vector<uint32_t> source;   // of each connection
  std::vector<float> given;       // weights that the connections start with; empty: drawn

  uint64_t size() const noexcept { return source.size(); }
  // The rounds after which an output depends on the row: that of the output which is reached first; 0: none ever does.
  uint32_t rounds_to_output() const;
};

class WiringBuilder {
 public:
  WiringBuilder(uint32_t inputs, uint32_t neurons) : inputs_(inputs), neurons_(neurons) {}
  // Makes room for about so many connections more, before any of them is drawn. Refuses, at `field`, more than can be
  // numbered.
  void expect(const Settings& settings, std::string_view field, uint64_t connections);
  void connect(uint32_t source, uint32_t target) { keys_.push_back(uint64_t{target} << 32 | source); }
  uint64_t size() const noexcept { return keys_.size(); }
  // The connections so far, each once.
  Wiring finish(std::vector<uint32_t> outputs);

 private:
  const uint32_t inputs_, neurons_;
  std::vector<uint64_t> keys_;
};

// Draws of the connections of one neuron: functions of seed, stream and neuron.
class WiringDraws {
 public:
  WiringDraws(uint32_t seed, uint32_t stream, uint32_t neuron) : seed_(seed), stream_(stream), neuron_(neuron) {}
  double uniform() noexcept;  // in [0, 1)
  uint32_t below(uint32_t limit) noexcept;
  // `count` different numbers below `limit`, all where there are no more, in rising order.
  std::vector<uint32_t> distinct(uint32_t count, uint32_t limit);

 private:
  const uint32_t seed_, stream_, neuron_;
  uint64_t next_ = 0;
};

// Refuses, at `field`, what cannot be numbered, and networks none of whose outputs depends on the row in time.
void require_numbers(const Settings& settings, std::string_view field, uint64_t inputs, uint64_t neurons);
void require_connections(const Settings& settings, std::string_view field, uint64_t connections);
void require_reached(const Settings& settings, const Wiring& wiring);

}  // namespace nrw
