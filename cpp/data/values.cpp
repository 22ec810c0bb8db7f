#include "data/values.h"

#include <bit>
#include <cmath>

#include "base/status.h"
#include "data/element_type.h"
#include "data/messages.h"

namespace nrw {

double value_at(const Chunk& chunk, uint64_t index) noexcept {
  return with_type(chunk.info().data_type, [&](auto zero) -> double {
    using T = decltype(zero);
    const T value = load<T>(chunk.data(), index);
    if constexpr (std::is_same_v<T, BoolByte>) {
      return value == BoolByte{0} ? 0.0 : 1.0;
    } else {
      return static_cast<double>(value);
    }
  });
}

// It has no branches, so that it is vectorised.
bool all_finite(const float* value, size_t n) noexcept {
  constexpr uint32_t kExponent = 0x7F800000;
  unsigned bad = 0;
  for (size_t k = 0; k < n; ++k) bad |= (std::bit_cast<uint32_t>(value[k]) & kExponent) == kExponent;
  return bad == 0;
}

uint32_t first_non_finite(const float* value) noexcept {
  uint32_t k = 0;
  while (std::isfinite(value[k])) ++k;
  return k;
}

void refuse_value(const Chunk& chunk, uint64_t row, uint32_t column, double value, const std::string& what) {
  throw Error(NRW_FORMAT, format("%s: row %llu, column %u: a value of %g %s", shown_path(chunk.path()).c_str(),
                                 static_cast<unsigned long long>(chunk.shown_row(row)), column, value, what.c_str()));
}

}  // namespace nrw
