#include <cstdlib>
#include <cstring>
#include <string>

#include "kernels/bf16/tables.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace nrw {

namespace {

// Each returns what the table needs and this machine lacks, or NULL.
#if defined(__x86_64__) && defined(__linux__)
const char* avx512_bf16_lacks() noexcept {
  if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl")) return "avx512bw";
  return __builtin_cpu_supports("avx512bf16") ? nullptr : "avx512_bf16";
}

// Linux gives the tile registers only to a process that asks for them, and then to all of its threads. It refuses if
// the alternate signal stack of a thread is too small for them.
bool tiles_granted() noexcept {
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

const char* amx_lacks() noexcept {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return "amx_bf16";
  constexpr unsigned kAmxBf16 = 1u << 22, kAmxTile = 1u << 24;
  if ((d & kAmxBf16) == 0 || (d & kAmxTile) == 0) return "amx_bf16";
  if (const char* lacking = avx512_bf16_lacks()) return lacking;  // packing uses it
  static const bool granted = tiles_granted();
  return granted ? nullptr : "the permission of the operating system to use amx_bf16";
}
#endif

struct Available {
  const Bf16Kernels* tables[3];
  size_t count = 0;
  Available() noexcept {
#if defined(__x86_64__) && defined(__linux__)
    if (amx_lacks() == nullptr) tables[count++] = &kAmxBf16Kernels;
    if (avx512_bf16_lacks() == nullptr) tables[count++] = &kAvx512Bf16Kernels;
#endif
    tables[count++] = &kPlainBf16Kernels;
  }
};

const Available& available() noexcept {
  static const Available all;
  return all;
}

const Bf16Kernels* named(const char* name) noexcept {
  for (size_t i = 0; i < available().count; ++i) {
    if (std::strcmp(available().tables[i]->name, name) == 0) return available().tables[i];
  }
  return nullptr;
}

struct Choice {
  const Bf16Kernels* table = nullptr;
  std::string reason;
  Choice() {
    const char* forced = std::getenv("NARROWS_ISA");
    const std::string isa = forced == nullptr ? "" : forced;
    if (isa.empty()) {
      if (available().count > 1) table = available().tables[0];
    } else {
      table = named(isa == "amx" ? "amx_bf16" : isa == "avx512" ? "avx512_bf16" : isa.c_str());
    }
    if (table != nullptr) {
      reason = table->name + std::string(isa.empty() ? ": the fastest this machine has" : ": forced by NARROWS_ISA");
    } else if (isa.empty()) {
      reason = "none: this machine has neither avx512_bf16 nor amx_bf16";
    } else {
      reason = "none: NARROWS_ISA is " + isa + ", which has no bf16 products on this machine";
    }
  }
};

const Choice& choice() noexcept {
  static const Choice chosen;
  return chosen;
}

}  // namespace

const Bf16Kernels* bf16_kernels() noexcept { return choice().table; }
const char* bf16_reason() noexcept { return choice().reason.c_str(); }

const Bf16Kernels* const* available_bf16_kernels(size_t* count) noexcept {
  *count = available().count;
  return available().tables;
}

}  // namespace nrw
