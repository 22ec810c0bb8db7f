// nrw_graph_*: see narrows.h.
#include <algorithm>

#include "api/guard.h"
#include "model/graph.h"

using namespace nrw;
using namespace nrw::api;

extern "C" {

int32_t nrw_graph_edges(const uint8_t* layer, uint32_t layer_bytes, uint32_t* pairs, uint64_t capacity, uint64_t* count,
                        nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(layer != nullptr && pairs != nullptr && count != nullptr, "layer, pairs or count: is null");
    const std::vector<uint32_t> all = graph_edges({reinterpret_cast<const char*>(layer), layer_bytes});
    *count = all.size() / 2;
    if (capacity == 0) return;
    require(*count <= capacity, "pairs: are more than the capacity");
    std::copy(all.begin(), all.end(), pairs);
  });
}

int32_t nrw_graph_partition(uint32_t vertices, const uint32_t* pairs, uint64_t count, uint32_t parts, uint32_t* part,
                            nrw_error* err) noexcept {
  return guarded(err, [&] {
    require((pairs != nullptr || count == 0) && part != nullptr, "pairs or part: is null");
    require(parts >= 1, "parts: must be at least 1");
    const std::vector<uint32_t> all(pairs, pairs + 2 * count);
    require(std::all_of(all.begin(), all.end(), [&](uint32_t v) { return v < vertices; }),
            "pairs: have a vertex that is not below the number of vertices");
    const std::vector<uint32_t> found = graph_parts(vertices, all, parts);
    std::copy(found.begin(), found.end(), part);
  });
}

}  // extern "C"
