// Memory of this machine, as far as this process may use it.
#pragma once

#include <cstdint>

namespace nrw::api {

struct MachineMemory {
  uint64_t total = 0, available = 0;  // bytes; 0 where the system does not tell
};

// The system's figures, cut down to the limits of this process's control groups (version 1 and 2).
MachineMemory machine_memory();

}  // namespace nrw::api
