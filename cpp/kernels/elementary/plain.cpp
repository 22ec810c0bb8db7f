#include <cstddef>
#include <cstdint>

#include "kernels/elementary.h"
#include "kernels/simd/inline.h"

namespace nrw {
namespace {
#include "kernels/elementary/loops.h"
}  // namespace

const ElementaryKernels kPlainElementaryKernels{"plain", exp, log, log1p, philox_words, normals};

}  // namespace nrw
