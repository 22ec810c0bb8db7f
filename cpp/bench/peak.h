// The peak rate of the arithmetic units: loops of only independent multiply-adds in registers, with one thread.
#pragma once

#include <cstring>

#include "timing.h"

namespace nrw::bench {

constexpr int kChains = 12;  // independent multiply-adds, more than latency 4 x 2 units

// GFLOP/s. Each round of `one_round` runs kChains instructions of `operations` multiplications and additions each.
template <class Round>
double peak_of(int operations, Round one_round) {
  constexpr int kRounds = 20000;
  return 1.0 * kChains * operations * kRounds / time([&] { one_round(kRounds); }).best * 1e-9;
}

#define NRW_FMA_ROUNDS(Vector, instruction, constraint)                                                      \
  Vector sum[kChains] = {}, one = {};                                                                        \
  for (int round = 0; round < rounds; ++round) {                                                             \
    _Pragma("GCC unroll 12") for (int i = 0; i < kChains;                                                    \
                                  ++i) asm volatile(instruction : "+" constraint(sum[i]) : constraint(one)); \
  }

#if defined(__x86_64__)
typedef float Vector512 __attribute__((vector_size(64)));
typedef float Vector256 __attribute__((vector_size(32)));
__attribute__((target("avx512f"))) inline void fma_avx512(int rounds) {
  NRW_FMA_ROUNDS(Vector512, "vfmadd231ps %1, %1, %0", "v")
}
__attribute__((target("avx512f"))) inline void dot_avx512_bf16(int rounds) {
  NRW_FMA_ROUNDS(Vector512, "vdpbf16ps %1, %1, %0", "v")
}
__attribute__((target("avx2,fma"))) inline void fma_avx2(int rounds) {
  NRW_FMA_ROUNDS(Vector256, "vfmadd231ps %1, %1, %0", "x")
}
#elif defined(__aarch64__)
typedef float Vector128 __attribute__((vector_size(16)));
inline void fma_neon(int rounds) { NRW_FMA_ROUNDS(Vector128, "fmla %0.4s, %1.4s, %1.4s", "w") }
#endif
#undef NRW_FMA_ROUNDS

// GFLOP/s in f32 with the instructions of a kernel table; 0 if it has no fused multiply-add.
inline double peak_gflops(const char* table) {
#if defined(__x86_64__)
  if (std::strncmp(table, "avx512", 6) == 0) return peak_of(2 * 16, fma_avx512);
  if (std::strcmp(table, "avx2") == 0) return peak_of(2 * 8, fma_avx2);
#elif defined(__aarch64__)
  if (std::strcmp(table, "neon") == 0) return peak_of(2 * 4, fma_neon);
#endif
  return 0;
}

// GFLOP/s of bf16 pairs added up in f32; 0 on a machine without the instruction.
inline double peak_bf16_gflops() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bf16")) return peak_of(4 * 16, dot_avx512_bf16);
#endif
  return 0;
}

}  // namespace nrw::bench
