#include <cstdio>
#include <cstring>
#include <vector>

#include "check.h"

namespace nrw::check {

static std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}
static int failures = 0;

bool add(const char* name, void (*body)()) {
  tests().push_back({name, body});
  return true;
}

void failed(const char* file, int line, const std::string& what) {
  ++failures;
  std::printf("%s:%d: %s\n", file, line, what.c_str());
}

}  // namespace nrw::check

// Runs the tests whose name contains the first argument, or all.
int main(int count, char** arguments) {
  int passed = 0, failed = 0;
  for (const nrw::check::Test& test : nrw::check::tests()) {
    if (count > 1 && std::strstr(test.name, arguments[1]) == nullptr) continue;
    const int before = nrw::check::failures;
    try {
      test.body();
    } catch (const std::exception& error) {
      nrw::check::failed(test.name, 0, error.what());
    }
    const bool good = nrw::check::failures == before;
    if (!good) std::printf("FAILED %s\n", test.name);
    (good ? passed : failed) += 1;
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}
