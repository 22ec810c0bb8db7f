// nrw_abi_version, nrw_info: what this library is and what machine it runs on.
#include <libdeflate.h>

#include <cstring>
#include <string>

#include "api/guard.h"
#include "api/machine.h"
#include "base/specialised.h"
#include "base/thread_pool.h"
#include "kernels/bf16.h"
#include "kernels/kernels.h"

using namespace nrw;
using namespace nrw::api;

extern "C" {

uint32_t nrw_abi_version(void) noexcept { return NRW_ABI_VERSION; }

int32_t nrw_info(char* text, uint32_t capacity, uint32_t* written, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(text != nullptr && written != nullptr, "text or written: is null");
    std::string all;
    const auto line = [&](const char* key, const std::string& value) { all += std::string(key) + "=" + value + "\n"; };
    line("version", NARROWS_VERSION);
#if defined(__clang__)
    line("compiler", "clang " __clang_version__);
#else
    line("compiler", "g++ " __VERSION__);
#endif
    line("build_type", NARROWS_BUILD_TYPE);
    line("specialised", NARROWS_SPECIALISED);
    line("isa", kernels().name);
    line("isa_reason", kernels_reason());
    std::string names;
    size_t count = 0;
    const Kernels* const* tables = available_kernels(&count);
    for (size_t i = 0; i < count; ++i) {
      if (i != 0) names += ',';
      names += tables[i]->name;
    }
    line("isa_available", names);
    line("bf16", bf16_kernels() == nullptr ? "none" : bf16_kernels()->name);
    line("bf16_reason", bf16_reason());
    line("inflate", "libdeflate " LIBDEFLATE_VERSION_STRING);
    line("threads", std::to_string(available_threads()));
    const MachineMemory memory = machine_memory();
    line("memory_total", std::to_string(memory.total));
    line("memory_available", std::to_string(memory.available));
    *written = static_cast<uint32_t>(all.size());
    require(all.size() <= capacity, "text: is longer than its capacity");
    std::memcpy(text, all.data(), all.size());
  });
}

}  // extern "C"
