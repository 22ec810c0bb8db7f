// The sparse tables of this build.
#pragma once

#include "kernels/sparse.h"

namespace nrw {

extern const SparseKernels kPlainSparseKernels;
#if defined(__x86_64__)
extern const SparseKernels kAvx2SparseKernels;
extern const SparseKernels kAvx512SparseKernels;
#endif

}  // namespace nrw
