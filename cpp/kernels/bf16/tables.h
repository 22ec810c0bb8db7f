// The bf16 tables of this build. Each is in a translation unit that is compiled for its instruction set.
#pragma once

#include "kernels/bf16.h"

namespace nrw {

extern const Bf16Kernels kPlainBf16Kernels;
#if defined(__x86_64__)
extern const Bf16Kernels kAvx512Bf16Kernels;
extern const Bf16Kernels kAmxBf16Kernels;
#endif

}  // namespace nrw
