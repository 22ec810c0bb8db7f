#include "kernels/avx512/vec.h"
//
#include "kernels/simd/table.h"

namespace nrw {

constinit const Kernels kAvx512Kernels = table("avx512");

}  // namespace nrw
