// Text from outside (paths, file contents) made fit for a one-line message of bounded length.
#pragma once

#include <string>
#include <string_view>

namespace nrw {

// Control characters become '?'; a path longer than 200 bytes keeps its end.
std::string shown_path(std::string_view path);
// What is not printable ASCII becomes '?'; more than 60 bytes are cut.
std::string shown_text(std::string_view text);

}  // namespace nrw
