#include "losses/huber.h"

#include <cmath>

#include "losses/by_blocks.h"
#include "losses/reduction.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {
    {.name = "delta",
     .type = Field::Type::kNumber,
     .about = "the size of an error, in units of the values, up to which it counts squared; larger ones count linearly",
     .fallback = "1",
     .minimum = 0,
     .above = true},
    kReduction};

std::unique_ptr<Loss> make(const LossContext& context) {
  return std::make_unique<Huber>(context.settings.number("delta"));
}

void terms(LossBlock& b, const float* target, float delta) noexcept {
  for (size_t i = 0; i < b.n; ++i) {
    const float r = target == nullptr ? b.o[0][i] : b.o[0][i] - target[i];
    const float size = std::fabs(r);
    const float near = size < delta ? size : delta;
    b.value[i] = near * (size - 0.5f * near);
    b.square[i] = r * r;
    b.d[0][i] = std::copysign(near, r);
  }
}

}  // namespace

const LossType huber_type = {.name = "huber",
                             .about = "half the squared error where it is small, linear where it is large",
                             .fields = kFields,
                             .separable = true,
                             .quadratic = false,
                             .make = make,
                             .link = "identity"};

LossSums Huber::column(const LossColumn& c, double* head_gradients) noexcept {
  return by_blocks(
             c, 1, nullptr, false, head_gradients, [&](LossBlock& b) { terms(b, nullptr, delta_); },
             [&](LossBlock& b) { terms(b, b.target, delta_); })
      .sums;
}

}  // namespace nrw
