#include "data/messages.h"

namespace nrw {

std::string shown_path(std::string_view path) {
  constexpr size_t kLimit = 200;
  std::string text;
  if (path.size() > kLimit) {
    path.remove_prefix(path.size() - kLimit);
    while (!path.empty() && (static_cast<unsigned char>(path.front()) & 0xC0) == 0x80) path.remove_prefix(1);
    text = "...";
  }
  for (const char c : path) text += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return text;
}

std::string shown_text(std::string_view text) {
  constexpr size_t kLimit = 60;
  std::string shown;
  for (const char c : text.substr(0, kLimit)) shown += c >= 0x20 && c < 0x7F ? c : '?';
  if (text.size() > kLimit) shown += "...";
  return shown;
}

}  // namespace nrw
