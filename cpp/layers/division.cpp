#include "layers/division.h"

#include <algorithm>
#include <numeric>
#include <queue>

namespace nrw {

namespace {

constexpr int kPasses = 8;         // of moving vertices
constexpr uint32_t kInVain = 300;  // moves that make no cut better before a pass ends

}  // namespace

uint64_t total_weight(const Graph& graph) {
  return std::accumulate(graph.weight.begin(), graph.weight.end(), uint64_t{0});
}

Division::Division(const Graph& graph, uint64_t wanted) : graph_(graph), wanted_(wanted) {
  const uint32_t heaviest = *std::max_element(graph.weight.begin(), graph.weight.end());
  slack_ = std::max<uint64_t>(heaviest, total_weight(graph) / 400);
}

Sides Division::grow(uint32_t start) const {
  const uint32_t n = graph_.size();
  Sides side(n, 1);
  std::vector<int64_t> gain(n, 0);
  std::priority_queue<std::pair<int64_t, uint32_t>> next;
  next.emplace(0, start);
  uint64_t weight = 0;
  for (uint32_t fresh = 0; weight < wanted_;) {
    if (next.empty()) {
      while (fresh < n && side[fresh] == 0) ++fresh;
      if (fresh == n) break;
      next.emplace(gain[fresh], fresh);
    }
    const auto [found, v] = next.top();
    next.pop();
    if (side[v] == 0 || found != gain[v]) continue;
    side[v] = 0;
    weight += graph_.weight[v];
    for (uint64_t e = graph_.begin[v]; e < graph_.begin[v + 1]; ++e) {
      const uint32_t u = graph_.to[e];
      if (side[u] == 0) continue;
      gain[u] += graph_.edge_weight[e];
      next.emplace(gain[u], u);
    }
  }
  return side;
}

uint64_t Division::cut(const Sides& side) const {
  uint64_t twice = 0;
  for (uint32_t v = 0; v < graph_.size(); ++v) {
    for (uint64_t e = graph_.begin[v]; e < graph_.begin[v + 1]; ++e) {
      if (side[v] != side[graph_.to[e]]) twice += graph_.edge_weight[e];
    }
  }
  return twice / 2;
}

void Division::improve(Sides& side) const {
  for (int pass = 0; pass < kPasses && move(side); ++pass) {
  }
}

// One pass: each vertex moves at most once, the best one first, and the moves behind the best cut are undone. Whether
// the cut, or the balance where it was too far off, has become better.
bool Division::move(Sides& side) const {
  const uint32_t n = graph_.size();
  std::vector<int64_t> gain(n, 0);
  std::vector<bool> moved(n, false);
  std::priority_queue<std::pair<int64_t, uint32_t>> next[2];
  uint64_t weight = 0;
  for (uint32_t v = 0; v < n; ++v) {
    if (side[v] == 0) weight += graph_.weight[v];
    bool edge = false;
    for (uint64_t e = graph_.begin[v]; e < graph_.begin[v + 1]; ++e) {
      const bool other = side[graph_.to[e]] != side[v];
      edge |= other;
      gain[v] += other ? int64_t{graph_.edge_weight[e]} : -int64_t{graph_.edge_weight[e]};
    }
    if (edge) next[side[v]].emplace(gain[v], v);
  }
  if (distance(weight) > slack_) {  // then any vertex may have to move
    const uint8_t heavy = weight > wanted_ ? 0 : 1;
    for (uint32_t v = 0; v < n; ++v) {
      if (side[v] == heavy) next[heavy].emplace(gain[v], v);
    }
  }
  std::vector<uint32_t> moves;
  int64_t sum = 0, best_sum = 0;
  uint64_t best_distance = distance(weight);
  const uint64_t first_distance = best_distance;
  size_t best = 0;
  while (moves.size() < best + kInVain) {
    const auto top = [&](int s) -> int64_t {
      auto& queue = next[s];
      while (!queue.empty() && (moved[queue.top().second] || side[queue.top().second] != s ||
                                gain[queue.top().second] != queue.top().first)) {
        queue.pop();
      }
      return queue.empty() ? INT64_MIN : queue.top().first;
    };
    // From the side that is too heavy, else the better one that keeps the balance.
    const int64_t gains[2] = {top(0), top(1)};
    int from = gains[0] >= gains[1] ? 0 : 1;
    if (distance(weight) > slack_) from = weight > wanted_ ? 0 : 1;
    const auto after = [&](int s) {
      const uint64_t w = graph_.weight[next[s].top().second];
      return distance(s == 0 ? weight - w : weight + w);
    };
    const auto possible = [&](int s) {
      return gains[s] != INT64_MIN && (after(s) <= slack_ || after(s) < distance(weight));
    };
    if (!possible(from)) from = 1 - from;
    if (!possible(from)) break;
    const uint32_t v = next[from].top().second;
    next[from].pop();
    sum += gain[v];
    weight = from == 0 ? weight - graph_.weight[v] : weight + graph_.weight[v];
    side[v] = static_cast<uint8_t>(1 - from);
    moved[v] = true;
    moves.push_back(v);
    for (uint64_t e = graph_.begin[v]; e < graph_.begin[v + 1]; ++e) {
      const uint32_t u = graph_.to[e];
      gain[u] += (side[u] == from ? 2 : -2) * int64_t{graph_.edge_weight[e]};
      if (!moved[u]) next[side[u]].emplace(gain[u], u);
    }
    const bool balanced = distance(weight) <= slack_, was = best_distance <= slack_;
    const bool better = balanced == was ? (balanced ? sum > best_sum : distance(weight) < best_distance) : balanced;
    if (!better) continue;
    best = moves.size();
    best_sum = sum;
    best_distance = distance(weight);
  }
  for (size_t i = best; i < moves.size(); ++i) side[moves[i]] ^= 1;
  return best_sum > 0 || (first_distance > slack_ && best_distance < first_distance);
}

}  // namespace nrw
