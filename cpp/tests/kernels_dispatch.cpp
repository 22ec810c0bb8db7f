#include "kernels/dispatch.h"

#include <string>

#include "check.h"

using namespace nrw;

TEST(the_fastest_table_is_chosen_and_the_reference_is_last) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  CHECK(count >= 1);
  CHECK(std::string(tables[count - 1]->name) == "plain");
  const KernelChoice choice = choose_kernels(nullptr);
  CHECK(choice.kernels == tables[0]);
  CHECK(choice.reason.find(std::string(tables[0]->name) + ": ") == 0);
  CHECK(choice.reason.find('\n') == std::string::npos);
  CHECK(choose_kernels("").kernels == tables[0]);
}

TEST(each_table_can_be_forced) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  for (size_t i = 0; i < count; ++i) {
    const KernelChoice choice = choose_kernels(tables[i]->name);
    CHECK(choice.kernels == tables[i]);
    CHECK(choice.reason == std::string(tables[i]->name) + ": forced by NARROWS_ISA");
  }
}

TEST(an_unknown_table_is_an_error_that_lists_what_there_is) {
  for (const char* name : {"sse9", "AVX2", "plain ", "auto"}) {
    CHECK_THROWS(choose_kernels(name), NRW_UNSUPPORTED);
    try {
      choose_kernels(name);
    } catch (const Error& error) {
      const std::string message = error.what();
      CHECK(message.find(name) != std::string::npos);
      CHECK(message.find("plain") != std::string::npos);
    }
  }
}
