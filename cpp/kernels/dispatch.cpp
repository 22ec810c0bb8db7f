#include "kernels/dispatch.h"

#include <cstdlib>

#include "base/status.h"
#include "kernels/bf16.h"
#include "kernels/tables.h"

namespace nrw {

namespace {

// Each returns the first feature that the table needs and this machine (or its operating system) lacks, or NULL.
#if defined(__x86_64__)
const char* avx512_lacks() noexcept {
  if (!__builtin_cpu_supports("avx512f")) return "avx512f";
  if (!__builtin_cpu_supports("avx512bw")) return "avx512bw";
  if (!__builtin_cpu_supports("avx512dq")) return "avx512dq";
  if (!__builtin_cpu_supports("avx512vl")) return "avx512vl";
  return nullptr;
}
const char* avx2_lacks() noexcept {
  if (!__builtin_cpu_supports("avx2")) return "avx2";
  if (!__builtin_cpu_supports("fma")) return "fma";
  return nullptr;
}
#endif
const char* lacks_nothing() noexcept { return nullptr; }

struct Entry {
  const Kernels* kernels;
  const char* (*lacks)() noexcept;
};

constexpr Entry kEntries[] = {  // the fastest first, the reference last
#if defined(__x86_64__)
    {&kAvx512Kernels, avx512_lacks},
    {&kAvx2Kernels, avx2_lacks},
#elif defined(__aarch64__)
    {&kNeonKernels, lacks_nothing},
#endif
    {&kPlainKernels, lacks_nothing}};

constexpr size_t kEntryCount = sizeof(kEntries) / sizeof(kEntries[0]);

struct Available {
  const Kernels* tables[kEntryCount];
  size_t count = 0;
  Available() noexcept {
    for (const Entry& entry : kEntries) {
      if (entry.lacks() == nullptr) tables[count++] = entry.kernels;
    }
  }
};

const Available& available() noexcept {
  static const Available all;
  return all;
}

std::string available_names() {
  std::string names;
  for (size_t i = 0; i < available().count; ++i) {
    names += (i == 0 ? "" : ", ") + std::string(available().tables[i]->name);
  }
  return names;
}

const KernelChoice& choice() {
  static const KernelChoice chosen = choose_kernels(std::getenv("NARROWS_ISA"));
  return chosen;
}

}  // namespace

KernelChoice choose_kernels(const char* forced) {
  std::string wanted = forced == nullptr ? "" : forced;
  if (wanted == "amx") {  // bf16 products in tiles (bf16.h); everything else is AVX-512's
    size_t count = 0;
    const Bf16Kernels* const* tables = available_bf16_kernels(&count);
    if (std::string(tables[0]->name) != "amx_bf16") {
      throw Error(NRW_UNSUPPORTED,
                  format("NARROWS_ISA is amx, but this machine lacks it: it can run %s", available_names().c_str()));
    }
    wanted = "avx512";
  }
  std::string lacking;
  for (const Entry& entry : kEntries) {
    const char* missing = entry.lacks();
    const std::string name = entry.kernels->name;
    if (!wanted.empty()) {
      if (name != wanted) continue;
      if (missing == nullptr) return {entry.kernels, name + ": forced by NARROWS_ISA"};
      throw Error(NRW_UNSUPPORTED, format("NARROWS_ISA is %s, but this machine lacks %s: it can run %s", wanted.c_str(),
                                          missing, available_names().c_str()));
    }
    if (missing == nullptr) {
      return {entry.kernels,
              name + ": " + (lacking.empty() ? "the fastest this machine has" : "this machine lacks " + lacking)};
    }
    lacking += (lacking.empty() ? "" : " and ") + std::string(missing);
  }
  throw Error(NRW_UNSUPPORTED, format("NARROWS_ISA is %s, which this build does not know: this machine can run %s",
                                      wanted.c_str(), available_names().c_str()));
}

const Kernels& kernels() { return *choice().kernels; }
const char* kernels_reason() { return choice().reason.c_str(); }

const Kernels* const* available_kernels(size_t* count) noexcept {
  *count = available().count;
  return available().tables;
}

}  // namespace nrw
