#include "losses/mae.h"

#include <cmath>

#include "losses/by_blocks.h"
#include "losses/reduction.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {kReduction};

std::unique_ptr<Loss> make(const LossContext&) { return std::make_unique<AbsoluteError>(); }

void terms(LossBlock& b, const float* target) noexcept {
  for (size_t i = 0; i < b.n; ++i) {
    const float r = target == nullptr ? b.o[0][i] : b.o[0][i] - target[i];
    b.value[i] = std::fabs(r);
    b.square[i] = r * r;
    b.d[0][i] = static_cast<float>(r > 0) - static_cast<float>(r < 0);
  }
}

}  // namespace

const LossType mae_type = {.name = "mae",
                           .about = "absolute error of the reconstruction, over zeros too",
                           .fields = kFields,
                           .separable = true,
                           .quadratic = false,
                           .make = make,
                           .link = "identity"};

LossSums AbsoluteError::column(const LossColumn& c, double* head_gradients) noexcept {
  return by_blocks(
             c, 1, nullptr, false, head_gradients, [](LossBlock& b) { terms(b, nullptr); },
             [](LossBlock& b) { terms(b, b.target); })
      .sums;
}

}  // namespace nrw
