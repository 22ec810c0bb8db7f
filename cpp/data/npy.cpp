#include "data/npy.h"

#include <algorithm>
#include <string_view>

#include "base/status.h"
#include "data/messages.h"

namespace nrw {

namespace {

constexpr size_t kMaxHeader = 10000;  // numpy's own limit
constexpr size_t kMaxDimensions = 8;

// A Python literal of the form {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } in any order of keys.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  NpyHeader parse() {
    NpyHeader header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !has_descr) {
        has_descr = true;
        if (peek() == '[') fail("descr: structured arrays are not supported");
        header.descr = string();
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        header.fortran_order = boolean();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        header.shape = tuple();
      } else {
        fail("header: unexpected key '" + shown_text(key) + "'");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!has_descr || !has_order || !has_shape) fail("header: must have descr, fortran_order and shape");
    if (peek() != '\0' || position_ != text_.size()) fail("header: has text after the closing brace");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error(NRW_FORMAT, where_ + what); }

  char peek() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) ++position_;
    return position_ < text_.size() ? text_[position_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c || position_ >= text_.size()) return false;
    ++position_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(format("header: expected '%c' at character %zu", c, position_));
  }
  std::string string() {
    const char quote = peek() == '"' ? '"' : '\'';
    expect(quote);
    const size_t end = text_.find(quote, position_);
    if (end == std::string_view::npos) fail("header: a string does not end");
    const std::string_view value = text_.substr(position_, end - position_);
    position_ = end + 1;
    return std::string(value);
  }
  bool boolean() {
    peek();
    const std::string_view rest = text_.substr(position_);
    const bool value = rest.starts_with("True");
    if (!value && !rest.starts_with("False")) fail("fortran_order: must be True or False");
    position_ += value ? 4 : 5;
    return value;
  }
  std::vector<uint64_t> tuple() {
    std::vector<uint64_t> values;
    expect('(');
    bool comma = false;
    while (!accept(')')) {
      if (!values.empty() && !comma) fail("shape: must be a tuple of sizes");
      if (values.size() == kMaxDimensions) fail("shape: has too many dimensions");
      values.push_back(number());
      comma = accept(',');
    }
    if (values.size() == 1 && !comma) fail("shape: must be a tuple of sizes");
    return values;
  }
  uint64_t number() {
    peek();
    const size_t first = position_;
    uint64_t value = 0;
    for (; position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9'; ++position_) {
      const unsigned digit = static_cast<unsigned>(text_[position_] - '0');
      if (value > (UINT64_MAX - digit) / 10) fail("shape: must have sizes below 2^64");
      value = value * 10 + digit;
    }
    if (position_ == first) fail("shape: must be a tuple of sizes");
    return value;
  }

  std::string_view text_;
  const std::string& where_;
  size_t position_ = 0;
};

}  // namespace

uint64_t NpyHeader::count() const {
  uint64_t product = 1;
  for (const uint64_t size : shape) {
    if (__builtin_mul_overflow(product, size, &product)) return UINT64_MAX;
  }
  return product;
}

NpyHeader parse_npy_header(std::span<const uint8_t> start, const std::string& where) {
  constexpr uint8_t kMagic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
  if (start.size() < 10 || !std::equal(std::begin(kMagic), std::end(kMagic), start.begin())) {
    throw Error(NRW_FORMAT, where + "header: is not that of a .npy array");
  }
  const unsigned major = start[6], minor = start[7];
  if (major < 1 || major > 3 || minor != 0) {
    throw Error(NRW_FORMAT, where + format("header: .npy version %u.%u is not supported", major, minor));
  }
  const size_t fixed = major == 1 ? 10 : 12;
  if (start.size() < fixed) throw Error(NRW_FORMAT, where + "header: is incomplete");
  const size_t length = major == 1 ? load<uint16_t>(start.data() + 8, 0) : load<uint32_t>(start.data() + 8, 0);
  if (length > kMaxHeader || length > start.size() - fixed) {
    throw Error(NRW_FORMAT, where + format("header: declares a length of %zu bytes, which is too large", length));
  }
  const std::string_view text(reinterpret_cast<const char*>(start.data()) + fixed, length);
  NpyHeader header = HeaderParser(text, where).parse();
  header.bytes = fixed + length;
  return header;
}

ElementType element_type(const NpyHeader& header, const std::string& where) {
  struct Known {
    std::string_view name;
    ElementType type;
  };
  constexpr Known kKnown[] = {{"f2", ElementType::kF16}, {"f4", ElementType::kF32}, {"f8", ElementType::kF64},
                              {"i1", ElementType::kI8},  {"i2", ElementType::kI16}, {"i4", ElementType::kI32},
                              {"i8", ElementType::kI64}, {"u1", ElementType::kU8},  {"u2", ElementType::kU16},
                              {"u4", ElementType::kU32}, {"u8", ElementType::kU64}, {"b1", ElementType::kBool}};
  const std::string_view descr = header.descr;
  const char order = descr.empty() ? '\0' : descr[0];
  const auto refused = [&](const char* why) {
    return Error(NRW_FORMAT, where + format("descr: '%s' %s", shown_text(descr).c_str(), why));
  };
  for (const Known& known : kKnown) {
    if (descr.empty() || descr.substr(1) != known.name) continue;
    const bool one_byte = size_of(known.type) == 1;
    if (order == '<' || (one_byte && (order == '|' || order == '>'))) return known.type;
    if (order == '>') throw refused("is big-endian; save it as little-endian: a.astype(a.dtype.newbyteorder('<'))");
  }
  if (descr.find('O') != std::string_view::npos) {
    throw refused("is an array of pickled Python objects, which are not supported");
  }
  throw refused(
      "is not supported; the supported types are float16, float32, float64, bool and integers of 8 to 64 bits");
}

}  // namespace nrw
