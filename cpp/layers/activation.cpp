#include "layers/activation.h"

namespace nrw {

void After::apply(size_t at, size_t n, const float* y) const noexcept { activation->apply(n, y + at, z + at); }

void Before::apply(size_t at, size_t n, float* d_x) const noexcept {
  activation->apply_backward(n, u + at, d_x + at, d_x + at);
}

}  // namespace nrw
