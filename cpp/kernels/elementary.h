// Exponentials, logarithms and random draws of many floats at once. The rules of kernels.h hold. No fused multiply-add
// is used, so that all tables give the same bits.
#pragma once

#include "kernels/kernels.h"

namespace nrw {

struct ElementaryKernels {
  const char* name;

  // y = e^x with x brought into [-87, 88], where the result is a normal float. y must not overlap x, here and below.
  void (*exp)(size_t n, const float* x, float* y) noexcept;
  // y = log x of normal floats above 0.
  void (*log)(size_t n, const float* x, float* y) noexcept;
  // y = log(1 + x), x >= 0 and finite, with the relative precision of a small x.
  void (*log1p)(size_t n, const float* x, float* y) noexcept;

  // words (4 * blocks) = Philox (base/philox.h) of the counters (first + i, high), i < blocks.
  void (*philox)(uint64_t key, uint64_t high, uint64_t first, size_t blocks, uint32_t* words) noexcept;
  // y (n) = standard normal values of n random words, n a multiple of 2: of each two, by Box and Muller.
  void (*normals)(size_t n, const uint32_t* words, float* y) noexcept;
};

// The table with the same name as `kernels`, or the plain one if there is none.
const ElementaryKernels& elementary_kernels(const Kernels& kernels) noexcept;

extern const ElementaryKernels kPlainElementaryKernels;
#if defined(__x86_64__)
extern const ElementaryKernels kAvx2ElementaryKernels;
extern const ElementaryKernels kAvx512ElementaryKernels;
#endif

}  // namespace nrw
