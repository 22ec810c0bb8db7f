#pragma once

// Always inlined: vectors stay in registers, and each function is compiled in its caller.
#define NRW_INLINE inline __attribute__((always_inline))

namespace nrw {
namespace {

// The compiler takes this value, an address or a stride, as it finds it. In an unrolled loop compilers otherwise make
// an address of its own for each load, and move loads ahead until the sums no longer fit into registers.
template <class Value>
NRW_INLINE void keep(Value& value) noexcept {
  asm volatile("" : "+r"(value));
}

}  // namespace
}  // namespace nrw
