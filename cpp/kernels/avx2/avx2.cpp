#include "kernels/avx2/vec.h"
//
#include "kernels/simd/table.h"

namespace nrw {

constinit const Kernels kAvx2Kernels = table("avx2");

}  // namespace nrw
