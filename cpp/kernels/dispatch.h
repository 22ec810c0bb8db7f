// How a table is chosen. Apart from kernels() so that tests can ask for any.
#pragma once

#include <string>

#include "kernels/kernels.h"

namespace nrw {

struct KernelChoice {
  const Kernels* kernels;
  std::string reason;
};

// The table named `forced`, or with NULL or "" the fastest this machine has. Errors: NRW_UNSUPPORTED for a name that
// this build does not know or this machine cannot run.
KernelChoice choose_kernels(const char* forced);

}  // namespace nrw
