// JSON text (RFC 8259) in and out: how networks are described across the C boundary.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nrw {

struct Json {
  enum class Kind { kNull, kFlag, kNumber, kText, kList, kMap };
  Kind kind = Kind::kNull;
  bool flag = false;
  double number = 0;
  std::string text;
  std::vector<Json> items;
  std::vector<std::pair<std::string, Json>> members;  // in the order of the text, names unique

  Json() = default;
  Json(bool value) : kind(Kind::kFlag), flag(value) {}
  Json(double value) : kind(Kind::kNumber), number(value) {}
  Json(std::string value) : kind(Kind::kText), text(std::move(value)) {}
  static Json list(std::vector<Json> items);
  static Json map(std::vector<std::pair<std::string, Json>> members);

  bool is(Kind other) const noexcept { return kind == other; }
  // The member of a map; NULL where there is none, or this is no map.
  const Json* find(std::string_view name) const noexcept;

  // Throws NRW_INVALID_ARGUMENT with the byte at which the text is wrong. Maps and lists lie in each other at most 32
  // deep.
  static Json parse(std::string_view text);

  // With numbers that read back as they are. indent: spaces a level; 0 for one line.
  std::string write(unsigned indent = 0) const;

  bool operator==(const Json&) const = default;
};

}  // namespace nrw
