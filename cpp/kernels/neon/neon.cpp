#include "kernels/neon/vec.h"
//
#include "kernels/simd/table.h"

namespace nrw {

constinit const Kernels kNeonKernels = table("neon");

}  // namespace nrw
