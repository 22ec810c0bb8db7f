#pragma once

// Always inlined: vectors stay in registers, and each function is compiled in its caller.
#define NRW_INLINE inline __attribute__((always_inline))
