// The memory of this machine that this process may use.
#pragma once

#include <cstdint>

namespace nrw::api {

struct MachineMemory {
  uint64_t total = 0, available = 0;  // bytes; 0 if the system does not say
};

// The numbers of the system, reduced to the limits of the control groups (version 1 and 2) of this process.
MachineMemory machine_memory();

}  // namespace nrw::api
