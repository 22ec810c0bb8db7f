// A tiny test harness: TEST registers, CHECK counts. check_main.cpp runs what was registered.
#pragma once

#include <cmath>

#include "base/status.h"

namespace nrw::check {

struct Test {
  const char* name;
  void (*body)();
};
bool add(const char* name, void (*body)());
void failed(const char* file, int line, const std::string& what);

}  // namespace nrw::check

#define TEST(name)                                                      \
  static void test_##name();                                            \
  static const bool added_##name = nrw::check::add(#name, test_##name); \
  static void test_##name()

#define CHECK(condition)                                                  \
  do {                                                                    \
    if (!(condition)) nrw::check::failed(__FILE__, __LINE__, #condition); \
  } while (false)

// Absolute difference; NaN fails.
#define CHECK_CLOSE(a, b, tolerance)                                                                         \
  do {                                                                                                       \
    const double check_a = static_cast<double>(a), check_b = static_cast<double>(b);                         \
    if (!(std::fabs(check_a - check_b) <= static_cast<double>(tolerance)))                                   \
      nrw::check::failed(__FILE__, __LINE__, nrw::format("%s = %.9g, %s = %.9g", #a, check_a, #b, check_b)); \
  } while (false)

#define CHECK_THROWS(expression, status)                                                                \
  do {                                                                                                  \
    bool check_thrown = false;                                                                          \
    try {                                                                                               \
      (void)(expression);                                                                               \
    } catch (const nrw::Error& error) {                                                                 \
      check_thrown = true;                                                                              \
      if (error.code() != (status))                                                                     \
        nrw::check::failed(__FILE__, __LINE__, nrw::format("code %d: %s", error.code(), error.what())); \
    }                                                                                                   \
    if (!check_thrown) nrw::check::failed(__FILE__, __LINE__, #expression " did not throw");            \
  } while (false)
