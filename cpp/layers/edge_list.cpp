#include "layers/edge_list.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/status.h"

namespace nrw {

namespace {

constexpr uint32_t kMostParts = 65536;
constexpr size_t kMostWords = 4;      // of a line that are told apart: one more than any may have
constexpr size_t kLongestShown = 60;  // characters of a line in a message

std::string content(const Settings& settings, std::string_view field, const std::string& path) {
  const auto fail = [&] {
    settings.refuse(field, path + " cannot be read (" + std::strerror(errno) + "); name a text file of connections");
  };
  struct stat status;
  if (stat(path.c_str(), &status) != 0) fail();
  // A pipe would be waited for, and a device may have no end.
  settings.require(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode), field,
                   path + " is not a regular file; name a text file of connections");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (file == nullptr) fail();
  std::string text;
  char block[1 << 16];
  for (size_t count; (count = std::fread(block, 1, sizeof block, file.get())) > 0;) text.append(block, count);
  if (std::ferror(file.get()) != 0) fail();
  return text;
}

// Calls line(words, number) for each line that counts, with the number of the line from 1. Of more words than a line
// may have the first ones are given.
template <class Line>
void each_line(std::string_view text, Line&& line) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<std::string_view> words;
  uint64_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view all = text.substr(at, end - at);
    at = end + 1;
    ++number;
    words.clear();
    for (size_t i = 0; i < all.size() && words.size() < kMostWords;) {
      const size_t first = all.find_first_not_of(", \t\r", i);
      if (first == std::string_view::npos) break;
      i = std::min(all.find_first_of(", \t\r", first), all.size());
      words.push_back(all.substr(first, i - first));
    }
    if (!words.empty() && words[0][0] != '#') line(words, number);
  }
}

// Bytes that are no characters of ASCII are shown as ?, since the file may be of any kind.
std::string printable(std::string_view text) {
  std::string shown(text);
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return shown;
}

template <class T>
bool parse(std::string_view word, T& value) {
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, value);
  return error == std::errc() && stop == end;
}

}  // namespace

EdgeList EdgeList::read(const Settings& settings, std::string_view field, const std::string& path) {
  const std::string text = content(settings, field, path);
  EdgeList list;
  bool first = true;
  size_t columns = 0;
  each_line(text, [&](const std::vector<std::string_view>& words, uint64_t number) {
    Edge edge{};
    edge.line = number;
    edge.from_input = words[0].size() > 1 && words[0][0] == 'x';
    const std::string_view source = edge.from_input ? words[0].substr(1) : words[0];
    const bool from = parse(source, edge.source), to = words.size() >= 2 && parse(words[1], edge.target);
    const bool numbers = from && to, names = first && !from && !to && (words.size() == 2 || words.size() == 3);
    first = false;
    if (names) return;
    const bool good = numbers && (words.size() == 2 || (words.size() == 3 && parse(words[2], edge.weight))) &&
                      std::isfinite(edge.weight);
    const auto refuse = [&](const char* what) {
      std::string shown;
      for (const std::string_view word : words) {
        shown.append(shown.empty() ? "" : ",").append(word.substr(0, kLongestShown));
      }
      settings.refuse(field, format("%s: line %llu %s, got %s", path.c_str(), static_cast<unsigned long long>(number),
                                    what, printable(shown.substr(0, kLongestShown)).c_str()));
    };
    if (!good) refuse("must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT with the numbers of neurons (or xI for value I)");
    if (columns != 0 && columns != words.size()) refuse("has another number of columns than the lines before it");
    columns = words.size();
    list.edges.push_back(edge);
  });
  list.weighted = columns == 3;
  settings.require(!list.edges.empty(), field, path + " has no connections; write one a line: SOURCE,TARGET");
  return list;
}

std::vector<uint32_t> read_parts(const Settings& settings, std::string_view field, const std::string& path,
                                 uint32_t count) {
  const std::string text = content(settings, field, path);
  std::vector<uint32_t> parts;
  each_line(text, [&](const std::vector<std::string_view>& words, uint64_t number) {
    uint32_t part = 0;
    const bool good = words.size() == 1 && parse(words[0], part) && part < kMostParts;
    settings.require(
        good, field,
        format("%s: line %llu must be the number of a part, below %u, got %s", path.c_str(),
               static_cast<unsigned long long>(number), kMostParts, printable(words[0].substr(0, 40)).c_str()));
    parts.push_back(part);
  });
  settings.require(parts.size() == count, field,
                   format("%s has %zu lines, but there are %u neurons; it has the part of a neuron a line",
                          path.c_str(), parts.size(), count));
  return parts;
}

}  // namespace nrw
