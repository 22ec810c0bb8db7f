#include "base/settings.h"

#include <algorithm>

#include "base/status.h"

namespace nrw {

namespace {

constexpr double kMostCount = 4294967295.0;

std::vector<std::string> split(const char* words) {
  std::vector<std::string> all;
  const std::string_view text = words == nullptr ? "" : words;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    all.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

bool whole(double value) { return value == std::floor(value); }

std::string shown(double value) { return Json(value).write(); }

// A setting of a layer, or of the description itself, whose path is empty.
std::string place(const std::string& path, std::string_view field) {
  return path.empty() ? std::string(field) : path + "." + std::string(field);
}

// What a single number of the field must be: "at least 1", "in [0, 1)".
std::string bounds(const Field& field) {
  const bool low = std::isfinite(field.minimum), high = std::isfinite(field.maximum);
  const std::string least = shown(field.minimum), most = shown(field.maximum);
  if (low && high) return (field.above ? "in (" : "in [") + least + ", " + most + (field.below ? ")" : "]");
  if (low) return (field.above ? "above " : "at least ") + least;
  if (high) return (field.below ? "below " : "at most ") + most;
  return "finite";
}

bool within(const Field& field, double value) {
  return std::isfinite(value) && (field.above ? value > field.minimum : value >= field.minimum) &&
         (field.below ? value < field.maximum : value <= field.maximum);
}

class Checker {
 public:
  Checker(const Field& field, const std::string& path) : field_(field), path_(path) {}

  void check(const Json& given) const {
    const std::vector<std::string> words = split(field_.words);
    if (given.is(Json::Kind::kText)) {
      if (field_.type == Field::Type::kPath && !given.text.empty()) return;
      if (std::find(words.begin(), words.end(), given.text) != words.end()) return;
      if (words.empty()) refuse("must be " + wanted(), given);
      refuse("must be " + (field_.type == Field::Type::kWord ? "" : wanted() + ", or ") + "one of " + joined(words),
             given);
    }
    if (given.is(Json::Kind::kMap) && field_.tag.name != nullptr && given.members.size() == 1) {
      const Json* const value = given.find(field_.tag.name);
      if (value != nullptr) return check_tag(*value);
    }
    switch (field_.type) {
      case Field::Type::kFlag:
        return require(given.is(Json::Kind::kFlag), given);
      case Field::Type::kCount:
      case Field::Type::kNumber:
        return number(given);
      case Field::Type::kWord:
        return refuse("must be one of " + joined(words), given);
      case Field::Type::kAxes:
      case Field::Type::kSize:
        return size(given);
      case Field::Type::kSizes:
        require(given.is(Json::Kind::kList) && !given.items.empty() && given.items.size() <= kMostSizes, given);
        for (const Json& item : given.items) size(item);
        return;
      case Field::Type::kPath:
        return require(false, given);
      case Field::Type::kPair:
        require(given.is(Json::Kind::kList) && given.items.size() == 2, given);
        for (const Json& item : given.items) number(item);
        return;
      case Field::Type::kCounts:
        require(given.is(Json::Kind::kList) && !given.items.empty() && given.items.size() <= kMostCounts, given);
        for (const Json& item : given.items) number(item);
        return;
      case Field::Type::kLayers:
        return require(given.is(Json::Kind::kList) && !given.items.empty(), given);
    }
  }

 private:
  void number(const Json& given) const {
    require(given.is(Json::Kind::kNumber), given);
    const bool count = field_.type != Field::Type::kNumber && field_.type != Field::Type::kPair;
    if (!within(field_, given.number)) refuse("must be " + bounds(field_), given);
    if (count) require(whole(given.number) && given.number >= 0 && given.number <= kMostCount, given);
  }

  void size(const Json& given) const {
    if (!given.is(Json::Kind::kList)) return number(given);
    require(!given.items.empty() && given.items.size() <= Shape::kMostDimensions, given);
    for (const Json& item : given.items) number(item);
  }

  void check_tag(const Json& value) const {
    const Field::Tag& tag = field_.tag;
    const bool good = value.is(Json::Kind::kNumber) && std::isfinite(value.number) &&
                      (tag.above ? value.number > tag.minimum : value.number >= tag.minimum);
    if (!good)
      refuse(std::string(tag.name) + " must be " + (tag.above ? "above " : "at least ") + shown(tag.minimum), value);
  }

  std::string wanted() const {
    switch (field_.type) {
      case Field::Type::kFlag:
        return "true or false";
      case Field::Type::kCount:
        return "a whole number";
      case Field::Type::kNumber:
        return "a number";
      case Field::Type::kWord:
        return "a word";
      case Field::Type::kAxes:
        return "a whole number, or a list of one for each axis";
      case Field::Type::kSize:
        return "a whole number, or a shape: a list of at most 3";
      case Field::Type::kPair:
        return "two numbers";
      case Field::Type::kCounts:
        return format("a list of at most %zu whole numbers", kMostCounts);
      case Field::Type::kSizes:
        return format("a list of at most %zu whole numbers or shapes", kMostSizes);
      case Field::Type::kPath:
        return "the path of a file";
      case Field::Type::kLayers:
        return "a list of layers";
    }
    return "";
  }

  void require(bool good, const Json& given) const {
    if (!good) refuse("must be " + wanted(), given);
  }

  [[noreturn]] void refuse(const std::string& what, const Json& given) const {
    throw Error(NRW_INVALID_ARGUMENT, place(path_, field_.name) + ": " + what + ", got " + given.write().substr(0, 80));
  }

  const Field& field_;
  const std::string& path_;
};

}  // namespace

void require_within(const Field& field, double value, std::string_view what) {
  if (within(field, value)) return;
  throw Error(NRW_INVALID_ARGUMENT, std::string(what) + ": must be " + bounds(field) + ", got " + format("%g", value));
}

Settings::Settings(std::span<const Field> fields, const Json& given, std::string path, std::string_view reserved)
    : path_(std::move(path)) {
  const std::vector<std::string> others = split(std::string(reserved).c_str());
  for (const auto& [name, value] : given.members) {
    const bool known = std::find(others.begin(), others.end(), name) != others.end() ||
                       std::any_of(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
    if (!known) throw Error(NRW_INVALID_ARGUMENT, place(path_, name) + ": is not a setting here");
  }
  for (const Field& field : fields) {
    const Json* const value = given.find(field.name);
    if (value != nullptr) {
      Checker(field, path_).check(*value);
      values_.members.emplace_back(field.name, *value);
    } else if (field.fallback != nullptr) {
      values_.members.emplace_back(field.name, Json::parse(field.fallback));
    } else {
      throw Error(NRW_INVALID_ARGUMENT, place(path_, field.name) + ": is missing");
    }
  }
}

const Json& Settings::value(std::string_view name) const {
  const Json* const found = values_.find(name);
  if (found == nullptr) throw Error(NRW_INTERNAL, path_ + ": a setting " + std::string(name) + " was asked for");
  return *found;
}

std::vector<uint32_t> Settings::axes(std::string_view name, size_t axes) const {
  const Json& given = value(name);
  if (given.is(Json::Kind::kNumber)) return std::vector<uint32_t>(axes, static_cast<uint32_t>(given.number));
  if (given.items.size() != axes) {
    refuse(name, format("must be one number, or a list of %zu, got %zu", axes, given.items.size()));
  }
  std::vector<uint32_t> all;
  for (const Json& item : given.items) all.push_back(static_cast<uint32_t>(item.number));
  return all;
}

std::vector<uint32_t> Settings::counts(std::string_view name) const {
  std::vector<uint32_t> all;
  for (const Json& item : value(name).items) all.push_back(static_cast<uint32_t>(item.number));
  return all;
}

Shape Settings::shape(std::string_view name) const { return shape_of(name, value(name)); }

std::vector<Shape> Settings::shapes(std::string_view name) const {
  std::vector<Shape> all;
  for (const Json& item : value(name).items) all.push_back(shape_of(name, item));
  return all;
}

Shape Settings::shape_of(std::string_view name, const Json& given) const {
  if (given.is(Json::Kind::kNumber)) return Shape::flat(static_cast<uint32_t>(given.number));
  Shape shape;
  shape.dimensions = static_cast<uint32_t>(given.items.size());
  for (uint32_t i = 0; i < shape.dimensions; ++i) shape.sizes[i] = static_cast<uint32_t>(given.items[i].number);
  if (shape.size() > 0xFFFFFFFFu) refuse(name, "is too large: " + shape.text());
  return shape;
}

void Settings::refuse(std::string_view field, const std::string& what) const {
  throw Error(NRW_INVALID_ARGUMENT, place(path_, field) + ": " + what);
}

Json describe(const char* name, const char* about, std::span<const Field> fields) {
  constexpr const char* kTypes[] = {"flag", "count",  "number", "word", "axes",  "size",
                                    "pair", "counts", "sizes",  "path", "layers"};
  std::vector<Json> list;
  for (const Field& field : fields) {
    Json all = Json::map({});
    const auto add = [](Json& to, const char* key, Json value) { to.members.emplace_back(key, std::move(value)); };
    const auto text = [](const char* from) { return Json(std::string(from)); };
    add(all, "name", text(field.name));
    add(all, "type", text(kTypes[static_cast<size_t>(field.type)]));
    add(all, "about", text(field.about));
    if (field.value) add(all, "value", true);
    if (field.fallback != nullptr) add(all, "default", Json::parse(field.fallback));
    if (std::isfinite(field.minimum)) add(all, "minimum", field.minimum);
    if (std::isfinite(field.maximum)) add(all, "maximum", field.maximum);
    if (field.above) add(all, "above", true);
    if (field.below) add(all, "below", true);
    if (field.words != nullptr) {
      Json words = Json::list({});
      for (std::string& word : split(field.words)) words.items.emplace_back(std::move(word));
      add(all, "words", std::move(words));
    }
    if (field.tag.name != nullptr) {
      Json tag = Json::map({});
      add(tag, "name", text(field.tag.name));
      add(tag, "about", text(field.tag.about));
      if (std::isfinite(field.tag.minimum)) add(tag, "minimum", field.tag.minimum);
      if (field.tag.above) add(tag, "above", true);
      add(all, "tag", std::move(tag));
    }
    if (field.refusal != nullptr) add(all, "refusal", text(field.refusal));
    if (field.example != nullptr) add(all, "example", Json::parse(field.example));
    if (field.only != nullptr) add(all, "only", text(field.only));
    list.push_back(std::move(all));
  }
  return Json::map(
      {{"name", std::string(name)}, {"about", std::string(about)}, {"fields", Json::list(std::move(list))}});
}

}  // namespace nrw
