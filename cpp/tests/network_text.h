// Networks for tests and benchmarks, from layers as text: make_plan(9, {linear(3), layer("relu")}, {linear(9)}).
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "model/plan.h"

namespace nrw::check {

// more: further settings as JSON members.
inline std::string layer(const std::string& kind, const std::string& more = "") {
  return "{\"kind\": \"" + kind + "\"" + (more.empty() ? "" : ", " + more) + "}";
}

enum : uint32_t { kNoBias = 1, kTied = 2, kFactored = 4 };

inline std::string linear(uint32_t size, uint32_t flags = 0, const std::string& more = "") {
  std::string all = format("\"size\": %u", size);
  if ((flags & kNoBias) != 0) all += ", \"bias\": false";
  if ((flags & kTied) != 0) all += ", \"tied\": true";
  if ((flags & kFactored) != 0) all += ", \"solver\": \"factored\"";
  return layer("linear", more.empty() ? all : all + ", " + more);
}

// more: further members of the description.
inline std::string network_text(uint32_t columns, const std::vector<std::string>& encoder,
                                const std::vector<std::string>& decoder, bool dense = false,
                                const std::string& more = "") {
  const auto list = [](const std::vector<std::string>& layers) {
    std::string all;
    for (const std::string& one : layers) all += (all.empty() ? "" : ", ") + one;
    return "[" + all + "]";
  };
  return format("{\"columns\": %u, \"data\": \"%s\", ", columns, dense ? "dense" : "sparse") +
         "\"encoder\": " + list(encoder) + ", \"decoder\": " + list(decoder) + (more.empty() ? "" : ", " + more) + "}";
}

inline Plan make_plan(uint32_t columns, const std::vector<std::string>& encoder,
                      const std::vector<std::string>& decoder, bool dense = false, const std::string& more = "") {
  return nrw::make_plan(model_spec(network_text(columns, encoder, decoder, dense, more)));
}

}  // namespace nrw::check
