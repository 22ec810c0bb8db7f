// How a table is chosen. This is a function of its own so that tests can ask for any table.
#pragma once

#include <string>

#include "kernels/kernels.h"

namespace nrw {

struct KernelChoice {
  const Kernels* kernels;
  std::string reason;
};

// The table named `forced`, or, for NULL or "", the fastest one that this machine can run. Throws NRW_UNSUPPORTED for a
// name that this build does not know or that this machine cannot run.
KernelChoice choose_kernels(const char* forced);

}  // namespace nrw
