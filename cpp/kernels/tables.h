// The tables of this build. Each is in a translation unit that is compiled for its instruction set.
#pragma once

#include "kernels/kernels.h"

namespace nrw {

extern const Kernels kPlainKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#elif defined(__aarch64__)
extern const Kernels kNeonKernels;
#endif

}  // namespace nrw
