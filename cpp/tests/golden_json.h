// Golden values that are written as JSON, in tests/golden.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/shape.h"

namespace nrw::check {

// The list "cases" of a file.
inline Json golden_cases(const char* name) {
  std::ifstream file(std::string(NARROWS_GOLDEN) + name);
  std::stringstream text;
  text << file.rdbuf();
  return *Json::parse(text.str()).find("cases");
}

inline std::vector<float> numbers(const Json& list) {
  std::vector<float> all;
  for (const Json& item : list.items) all.push_back(static_cast<float>(item.number));
  return all;
}

inline Shape shape_of(const Json& list) {
  Shape shape;
  shape.dimensions = static_cast<uint32_t>(list.items.size());
  for (uint32_t i = 0; i < shape.dimensions; ++i) shape.sizes[i] = static_cast<uint32_t>(list.items[i].number);
  return shape;
}

}  // namespace nrw::check
