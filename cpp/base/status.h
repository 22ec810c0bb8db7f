// Errors inside the engine. They are thrown as nrw::Error outside inner loops, and every function of api/ turns them
// into a status.
#pragma once

#include <cstdarg>
#include <stdexcept>
#include <string>

#include "narrows.h"

namespace nrw {

class Error : public std::runtime_error {
 public:
  Error(nrw_status code, const std::string& message) : std::runtime_error(message), code_(code) {}
  nrw_status code() const noexcept { return code_; }

 private:
  nrw_status code_;
};

// printf-style std::string, for messages.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

}  // namespace nrw
