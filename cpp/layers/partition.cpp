#include "layers/partition.h"

#include <algorithm>
#include <numeric>

#include "base/philox.h"
#include "layers/division.h"

namespace nrw {

namespace {

constexpr uint32_t kNone = 0xFFFFFFFFu;
constexpr uint32_t kCoarsest = 160;  // vertices at which coarsening ends
constexpr int kTries = 8;            // of growing a part

// Numbers 0 ... n - 1 in an order that the seed draws.
std::vector<uint32_t> shuffled(uint32_t n, uint64_t seed) {
  std::vector<uint32_t> all(n);
  std::iota(all.begin(), all.end(), 0);
  for (uint32_t i = n; i > 1; --i) {
    const auto words = draw(seed, Purpose::kWiring, n, i);
    std::swap(all[i - 1], all[static_cast<uint32_t>(uniform(words[0], words[1]) * i)]);
  }
  return all;
}

// Each vertex with the free neighbour to which its heaviest edge leads becomes one. into: by vertex of `fine`.
Graph coarser(const Graph& fine, uint64_t seed, std::vector<uint32_t>& into) {
  const uint32_t n = fine.size();
  const uint64_t most = std::max<uint64_t>(2, 3 * total_weight(fine) / (2 * kCoarsest));
  std::vector<uint32_t> partner(n, kNone);
  for (const uint32_t v : shuffled(n, seed)) {
    if (partner[v] != kNone) continue;
    uint32_t chosen = v, heaviest = 0;
    for (uint64_t e = fine.begin[v]; e < fine.begin[v + 1]; ++e) {
      const uint32_t u = fine.to[e];
      const bool fits = uint64_t{fine.weight[v]} + fine.weight[u] <= most;
      if (partner[u] != kNone || !fits || fine.edge_weight[e] <= heaviest) continue;
      heaviest = fine.edge_weight[e];
      chosen = u;
    }
    partner[v] = chosen;
    partner[chosen] = v;
  }
  into.assign(n, kNone);
  Graph coarse;
  std::vector<uint32_t> of;
  for (uint32_t v = 0; v < n; ++v) {
    if (into[v] != kNone) continue;
    into[v] = into[partner[v]] = static_cast<uint32_t>(of.size());
    of.push_back(v);
    coarse.weight.push_back(fine.weight[v] + (partner[v] == v ? 0 : fine.weight[partner[v]]));
  }
  std::vector<uint64_t> at(of.size(), ~uint64_t{0});
  for (uint32_t c = 0; c < of.size(); ++c) {
    const uint64_t first = coarse.to.size();
    const auto add = [&](uint32_t v) {
      for (uint64_t e = fine.begin[v]; e < fine.begin[v + 1]; ++e) {
        const uint32_t u = into[fine.to[e]];
        if (u == c) continue;
        if (at[u] == ~uint64_t{0} || at[u] < first) {
          at[u] = coarse.to.size();
          coarse.to.push_back(u);
          coarse.edge_weight.push_back(0);
        }
        coarse.edge_weight[at[u]] += fine.edge_weight[e];
      }
    };
    add(of[c]);
    if (partner[of[c]] != of[c]) add(partner[of[c]]);
    coarse.begin.push_back(coarse.to.size());
  }
  return coarse;
}

Sides bisect(const Graph& graph, uint64_t wanted, uint64_t seed) {
  const Division division(graph, wanted);
  if (graph.size() > kCoarsest) {
    std::vector<uint32_t> into;
    const Graph coarse = coarser(graph, seed, into);
    if (coarse.size() * 20 < graph.size() * 19) {
      const Sides found = bisect(coarse, wanted, seed + 1);
      Sides side(graph.size());
      for (uint32_t v = 0; v < graph.size(); ++v) side[v] = found[into[v]];
      division.improve(side);
      return side;
    }
  }
  Sides best;
  uint64_t least = 0;
  const std::vector<uint32_t> starts = shuffled(graph.size(), seed);
  for (int i = 0; i < kTries && i < static_cast<int>(starts.size()); ++i) {
    Sides side = division.grow(starts[i]);
    division.improve(side);
    const uint64_t cut = division.cut(side);
    if (!best.empty() && cut >= least) continue;
    best = std::move(side);
    least = cut;
  }
  return best;
}

// The vertices of one side, with the edges between them. of: their numbers in `graph`.
Graph side_of(const Graph& graph, const Sides& side, uint8_t wanted, std::vector<uint32_t>& of) {
  std::vector<uint32_t> number(graph.size(), kNone);
  Graph part;
  for (uint32_t v = 0; v < graph.size(); ++v) {
    if (side[v] != wanted) continue;
    number[v] = static_cast<uint32_t>(of.size());
    of.push_back(v);
    part.weight.push_back(graph.weight[v]);
  }
  for (const uint32_t v : of) {
    for (uint64_t e = graph.begin[v]; e < graph.begin[v + 1]; ++e) {
      if (number[graph.to[e]] == kNone) continue;
      part.to.push_back(number[graph.to[e]]);
      part.edge_weight.push_back(graph.edge_weight[e]);
    }
    part.begin.push_back(part.to.size());
  }
  return part;
}

void divide(const Graph& graph, const std::vector<uint32_t>& of, uint32_t first, uint32_t parts,
            std::vector<uint32_t>& part) {
  if (parts == 1 || graph.size() == 0) {
    for (const uint32_t v : of) part[v] = first;
    return;
  }
  const uint32_t half = parts / 2;
  const Sides side = bisect(graph, total_weight(graph) * half / parts, first);
  for (const uint8_t s : {uint8_t{0}, uint8_t{1}}) {
    std::vector<uint32_t> inner, outer;
    const Graph some = side_of(graph, side, s, inner);
    for (const uint32_t v : inner) outer.push_back(of[v]);
    divide(some, outer, s == 0 ? first : first + half, s == 0 ? half : parts - half, part);
  }
}

}  // namespace

Graph graph_of(uint32_t vertices, const std::vector<uint32_t>& pairs) {
  std::vector<uint64_t> keys;
  keys.reserve(pairs.size());
  for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const uint64_t a = pairs[i], b = pairs[i + 1];
    if (a == b) continue;
    keys.push_back(a << 32 | b);
    keys.push_back(b << 32 | a);
  }
  std::sort(keys.begin(), keys.end());
  Graph graph;
  graph.weight.assign(vertices, 1);
  graph.begin.assign(vertices + 1, 0);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i > 0 && keys[i] == keys[i - 1]) {
      ++graph.edge_weight.back();
      continue;
    }
    graph.to.push_back(static_cast<uint32_t>(keys[i]));
    graph.edge_weight.push_back(1);
    ++graph.begin[(keys[i] >> 32) + 1];
  }
  for (uint32_t v = 0; v < vertices; ++v) graph.begin[v + 1] += graph.begin[v];
  return graph;
}

std::vector<uint32_t> partition(const Graph& graph, uint32_t parts) {
  std::vector<uint32_t> part(graph.size()), all(graph.size());
  std::iota(all.begin(), all.end(), 0);
  divide(graph, all, 0, std::max<uint32_t>(parts, 1), part);
  return part;
}

std::vector<uint32_t> local_order(const Graph& graph, const std::vector<uint32_t>& part, uint32_t parts,
                                  std::vector<uint32_t>& begin) {
  const auto neighbours = [&](uint32_t v) { return graph.begin[v + 1] - graph.begin[v]; };
  std::vector<uint32_t> starts(graph.size()), order, near;
  std::iota(starts.begin(), starts.end(), 0);
  std::stable_sort(starts.begin(), starts.end(), [&](uint32_t a, uint32_t b) {
    return part[a] != part[b] ? part[a] < part[b] : neighbours(a) < neighbours(b);
  });
  std::vector<bool> taken(graph.size(), false);
  begin.assign(parts + 1, 0);
  for (const uint32_t p : part) ++begin[p + 1];
  for (uint32_t p = 0; p < parts; ++p) begin[p + 1] += begin[p];
  for (const uint32_t start : starts) {
    if (taken[start]) continue;
    size_t at = order.size();
    order.push_back(start);
    taken[start] = true;
    for (; at < order.size(); ++at) {
      near.clear();
      for (uint64_t e = graph.begin[order[at]]; e < graph.begin[order[at] + 1]; ++e) {
        const uint32_t u = graph.to[e];
        if (!taken[u] && part[u] == part[start]) near.push_back(u);
      }
      std::stable_sort(near.begin(), near.end(), [&](uint32_t a, uint32_t b) { return neighbours(a) < neighbours(b); });
      for (const uint32_t u : near) taken[u] = true;
      order.insert(order.end(), near.begin(), near.end());
    }
  }
  return order;
}

}  // namespace nrw
