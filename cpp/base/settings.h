// Settings by name: what a type of layer, loss or optimizer takes (its fields), and the values that were given.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/shape.h"

namespace nrw {

inline constexpr size_t kMostCounts = 8, kMostSizes = 64;

struct Field {
  enum class Type {
    kFlag,
    kCount,   // a whole number
    kNumber,  //
    kWord,    // one of `words`, or the map of `tag`
    kAxes,    // a count, or a list of one count an axis
    kSize,    // a count, or a shape with channels first
    kPair,    // two numbers
    kCounts,  // a list of whole numbers, at most kMostCounts
    kSizes,   // a list of sizes, at most kMostSizes
    kPath,    // the path of a file
    kLayers   // a list of layers
  };
  // A map with this single name is a value, too: {normal: 0.02}.
  struct Tag {
    const char* name = nullptr;
    const char* about = nullptr;
    double minimum = -INFINITY;
    bool above = false;
  };

  const char* name;
  Type type;
  const char* about;                               // for the reference page: what it is, in its units
  const char* fallback = nullptr;                  // the default as JSON; NULL: the field is required
  double minimum = -INFINITY, maximum = INFINITY;  // of a number, of each of several
  bool above = false, below = false;               // whether minimum and maximum themselves are excluded
  const char* words = nullptr;                     // words that stand for a value, separated by spaces
  Tag tag{};
  bool value = false;             // whether it stands beside the kind: {linear: 512}. The first field, if any
  const char* only = nullptr;     // where it has an effect, for the reference page
  const char* refusal = nullptr;  // what to do about a word that is refused
  const char* example = nullptr;  // JSON, for the reference page
};

// Throws NRW_INVALID_ARGUMENT, with `what` before it, unless a single number is within the field's bounds.
void require_within(const Field& field, double value, std::string_view what);

// Values for all fields of a type, checked each by itself.
class Settings {
 public:
  Settings() = default;
  // given: a map; its members named in `reserved` (separated by spaces) are not fields. Throws NRW_INVALID_ARGUMENT
  // with `path` (such as "encoder.2") and the field.
  Settings(std::span<const Field> fields, const Json& given, std::string path, std::string_view reserved);

  // The value of a field that this type has, of that type.
  bool flag(std::string_view name) const { return value(name).flag; }
  double number(std::string_view name) const { return value(name).number; }
  uint32_t count(std::string_view name) const { return static_cast<uint32_t>(value(name).number); }
  std::vector<uint32_t> counts(std::string_view name) const;
  double pair(std::string_view name, size_t index) const { return value(name).items.at(index).number; }
  bool is_word(std::string_view name) const { return value(name).is(Json::Kind::kText); }
  const std::string& word(std::string_view name) const { return value(name).text; }  // "" where it is no word
  // One count for each of `axes`. Throws NRW_INVALID_ARGUMENT where a list has another length.
  std::vector<uint32_t> axes(std::string_view name, size_t axes) const;
  Shape shape(std::string_view name) const;                // kSize
  std::vector<Shape> shapes(std::string_view name) const;  // kSizes
  const Json& value(std::string_view name) const;
  bool has(std::string_view name) const noexcept { return values_.find(name) != nullptr; }

  const std::string& path() const noexcept { return path_; }
  // Throws NRW_INVALID_ARGUMENT "path.field: what".
  [[noreturn]] void refuse(std::string_view field, const std::string& what) const;
  void require(bool good, std::string_view field, const std::string& what) const {
    if (!good) refuse(field, what);
  }

  const Json& all() const noexcept { return values_; }  // a map with every field

 private:
  Shape shape_of(std::string_view name, const Json& given) const;

  std::string path_;
  Json values_ = Json::map({});
};

// A type as the vocabulary has it: {"name", "about", "fields"}.
Json describe(const char* name, const char* about, std::span<const Field> fields);

}  // namespace nrw
