#include "base/json.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "base/status.h"

namespace nrw {

namespace {

constexpr int kDeepest = 32;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Json whole() {
    Json value = this->value(0);
    space();
    if (at_ != text_.size()) wrong("nothing more");
    return value;
  }

 private:
  [[noreturn]] void wrong(const char* wanted) const {
    throw Error(NRW_INVALID_ARGUMENT,
                format("the description of the network is not JSON: byte %zu should be %s", at_, wanted));
  }
  void space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  Json value(int depth) {
    if (depth > kDeepest) wrong("less deep");
    space();
    if (take("null")) return {};
    if (take("true")) return true;
    if (take("false")) return false;
    if (at_ == text_.size()) wrong("a value");
    switch (text_[at_]) {
      case '"':
        return string();
      case '[':
        return list(depth);
      case '{':
        return map(depth);
      default:
        return number();
    }
  }

  Json number() {
    double value = 0;
    const char* const first = text_.data() + at_;
    const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
    if (error != std::errc() || end == first || !std::isfinite(value) || *first == '.') wrong("a value");
    at_ += static_cast<size_t>(end - first);
    return value;
  }

  Json list(int depth) {
    ++at_;
    std::vector<Json> items;
    space();
    if (take("]")) return Json::list(std::move(items));
    for (;;) {
      items.push_back(value(depth + 1));
      space();
      if (take("]")) return Json::list(std::move(items));
      if (!take(",")) wrong("a comma or the end of the list");
    }
  }

  Json map(int depth) {
    ++at_;
    Json all = Json::map({});
    space();
    if (take("}")) return all;
    for (;;) {
      space();
      if (at_ == text_.size() || text_[at_] != '"') wrong("a name in quotes");
      std::string name = string();
      if (all.find(name) != nullptr) wrong("another name than one before it");
      space();
      if (!take(":")) wrong("a colon");
      all.members.emplace_back(std::move(name), value(depth + 1));
      space();
      if (take("}")) return all;
      if (!take(",")) wrong("a comma or the end of the map");
    }
  }

  uint32_t hex() {
    uint32_t code = 0;
    const char* const first = text_.data() + at_;
    if (text_.size() - at_ < 4 || std::from_chars(first, first + 4, code, 16).ptr != first + 4) wrong("four digits");
    at_ += 4;
    return code;
  }

  std::string string() {
    ++at_;
    std::string all;
    for (;;) {
      if (at_ == text_.size()) wrong("the end of a text");
      const char c = text_[at_++];
      if (c == '"') return all;
      if (static_cast<unsigned char>(c) < 0x20) wrong("a text without control characters");
      if (c != '\\') {
        all += c;
        continue;
      }
      constexpr std::string_view kNames = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
      const size_t which = at_ < text_.size() ? kNames.find(text_[at_]) : std::string_view::npos;
      if (which != std::string_view::npos) {
        all += kMeant[which];
        ++at_;
      } else if (take("u")) {
        append(all, code_point());
      } else {
        wrong("an escape");
      }
    }
  }

  uint32_t code_point() {
    const uint32_t high = hex();
    if (high < 0xD800 || high > 0xDFFF) return high;
    if (high > 0xDBFF || !take("\\u")) wrong("half of a surrogate pair");
    const uint32_t low = hex();
    if (low < 0xDC00 || low > 0xDFFF) wrong("half of a surrogate pair");
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }

  static void append(std::string& all, uint32_t code) {
    const auto byte = [&](uint32_t value) { all += static_cast<char>(value); };
    if (code < 0x80) return byte(code);
    if (code < 0x800) {
      byte(0xC0 | code >> 6);
    } else if (code < 0x10000) {
      byte(0xE0 | code >> 12);
      byte(0x80 | (code >> 6 & 0x3F));
    } else {
      byte(0xF0 | code >> 18);
      byte(0x80 | (code >> 12 & 0x3F));
      byte(0x80 | (code >> 6 & 0x3F));
    }
    byte(0x80 | (code & 0x3F));
  }

  const std::string_view text_;
  size_t at_ = 0;
};

void write_text(const std::string& text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += format("\\u%04x", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void write_number(double value, std::string& out) {
  char digits[32];
  const bool whole = value == std::floor(value) && std::fabs(value) < 1e15;
  const auto [end, error] = whole ? std::to_chars(digits, digits + sizeof digits, static_cast<int64_t>(value))
                                  : std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, end);
}

void write_value(const Json& value, unsigned indent, unsigned level, std::string& out) {
  const auto line = [&](unsigned depth) {
    if (indent != 0) out.append(1, '\n').append(indent * depth, ' ');
  };
  switch (value.kind) {
    case Json::Kind::kNull:
      out += "null";
      return;
    case Json::Kind::kFlag:
      out += value.flag ? "true" : "false";
      return;
    case Json::Kind::kNumber:
      return write_number(value.number, out);
    case Json::Kind::kText:
      return write_text(value.text, out);
    case Json::Kind::kList:
      out += '[';
      for (const Json& item : value.items) {
        if (&item != &value.items.front()) out += indent == 0 ? ", " : ",";
        line(level + 1);
        write_value(item, indent, level + 1, out);
      }
      if (!value.items.empty()) line(level);
      out += ']';
      return;
    case Json::Kind::kMap:
      out += '{';
      for (const auto& member : value.members) {
        if (&member != &value.members.front()) out += indent == 0 ? ", " : ",";
        line(level + 1);
        write_text(member.first, out);
        out += ": ";
        write_value(member.second, indent, level + 1, out);
      }
      if (!value.members.empty()) line(level);
      out += '}';
      return;
  }
}

}  // namespace

Json Json::list(std::vector<Json> items) {
  Json all;
  all.kind = Kind::kList;
  all.items = std::move(items);
  return all;
}

Json Json::map(std::vector<std::pair<std::string, Json>> members) {
  Json all;
  all.kind = Kind::kMap;
  all.members = std::move(members);
  return all;
}

const Json* Json::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : members) {
    if (key == name) return &value;
  }
  return nullptr;
}

Json Json::parse(std::string_view text) { return Reader(text).whole(); }

std::string Json::write(unsigned indent) const {
  std::string out;
  write_value(*this, indent, 0, out);
  return out;
}

}  // namespace nrw
