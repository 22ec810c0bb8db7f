#include "layers/neuron_wiring.h"

#include <algorithm>
#include <set>

#include "base/philox.h"
#include "base/status.h"

namespace nrw {

uint32_t Wiring::rounds_to_output() const {
  // After round r, `reached` has the neurons that depend on the row.
  std::vector<bool> reached(neurons), next(neurons);
  size_t count = 0;
  for (uint32_t round = 1;; ++round) {
    size_t now = 0;
    for (uint32_t n = 0; n < neurons; ++n) {
      bool any = inner[n] > begin[n];
      for (uint64_t k = inner[n]; k < begin[n + 1] && !any; ++k) any = reached[source[k] - inputs];
      next[n] = any;
      now += any;
    }
    for (const uint32_t output : outputs) {
      if (next[output]) return round;
    }
    if (now == count) return 0;
    count = now;
    reached.swap(next);
  }
}

void WiringBuilder::expect(const Settings& settings, std::string_view field, uint64_t connections) {
  const uint64_t all = size() + connections;
  require_connections(settings, field, all);
  if (all <= keys_.capacity()) return;
  keys_.reserve(std::max<uint64_t>(all, std::min<uint64_t>(2 * keys_.capacity(), kMostConnections)));
}

Wiring WiringBuilder::finish(std::vector<uint32_t> outputs) {
  if (!std::is_sorted(keys_.begin(), keys_.end())) std::sort(keys_.begin(), keys_.end());
  keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
  Wiring wiring;
  wiring.inputs = inputs_;
  wiring.neurons = neurons_;
  wiring.outputs = std::move(outputs);
  wiring.begin.assign(neurons_ + 1, 0);
  wiring.inner.assign(neurons_, 0);
  wiring.source.resize(keys_.size());
  for (size_t k = 0; k < keys_.size(); ++k) {
    const auto target = static_cast<uint32_t>(keys_[k] >> 32), source = static_cast<uint32_t>(keys_[k]);
    ++wiring.begin[target + 1];
    if (source < inputs_) ++wiring.inner[target];
    wiring.source[k] = source;
  }
  for (uint32_t n = 0; n < neurons_; ++n) {
    wiring.begin[n + 1] += wiring.begin[n];
    wiring.inner[n] += wiring.begin[n];
  }
  return wiring;
}

double WiringDraws::uniform() noexcept {
  const auto words = draw(seed_, Purpose::kWiring, stream_, uint64_t{neuron_} << 32 | next_++);
  return nrw::uniform(words[0], words[1]);
}

uint32_t WiringDraws::below(uint32_t limit) noexcept { return static_cast<uint32_t>(uniform() * limit); }

// Floyd's algorithm (Bentley and Floyd, "A sample of brilliance", 1987).
std::vector<uint32_t> WiringDraws::distinct(uint32_t count, uint32_t limit) {
  std::set<uint32_t> chosen;
  for (uint32_t j = limit - std::min(count, limit); j < limit; ++j) {
    if (!chosen.insert(below(j + 1)).second) chosen.insert(j);
  }
  return {chosen.begin(), chosen.end()};
}

void require_numbers(const Settings& settings, std::string_view field, uint64_t inputs, uint64_t neurons) {
  settings.require(inputs + neurons <= kMostNeurons, field,
                   format("makes %llu neurons and input values, and at most %u can be numbered; make fewer",
                          static_cast<unsigned long long>(inputs + neurons), kMostNeurons));
}

void require_connections(const Settings& settings, std::string_view field, uint64_t connections) {
  settings.require(
      connections <= kMostConnections, field,
      format("makes about %llu connections, and at most %llu can be numbered; make fewer",
             static_cast<unsigned long long>(connections), static_cast<unsigned long long>(kMostConnections)));
}

void require_reached(const Settings& settings, const Wiring& wiring) {
  const uint32_t least = wiring.rounds_to_output(), rounds = settings.count("rounds");
  settings.require(least > 0, "rounds", "no number of rounds suffices: no connections lead from the row to an output");
  settings.require(rounds >= least, "rounds",
                   format("must be at least %u, because no output depends on the row before, got %u", least, rounds));
}

}  // namespace nrw
