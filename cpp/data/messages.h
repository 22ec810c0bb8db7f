// Turns text from outside (paths, contents of files) into printable text of bounded length for a message in one line.
#pragma once

#include <string>
#include <string_view>

namespace nrw {

// Control characters become '?', and only the end of a path longer than 200 bytes is kept.
std::string shown_path(std::string_view path);
// Bytes that are not printable ASCII become '?', and text is cut after 60 bytes.
std::string shown_text(std::string_view text);

}  // namespace nrw
