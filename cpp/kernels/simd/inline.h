#pragma once

// Functions are always inlined, so that vectors stay in registers.
#define NRW_INLINE inline __attribute__((always_inline))

namespace nrw {
namespace {

// Hides from the compiler how this value, an address or a stride, was computed. In an unrolled loop it would otherwise
// compute a separate address for each load and move loads so far ahead that the sums do not fit into registers.
template <class Value>
NRW_INLINE void keep(Value& value) noexcept {
  asm volatile("" : "+r"(value));
}

}  // namespace
}  // namespace nrw
