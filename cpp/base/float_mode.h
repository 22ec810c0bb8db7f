// While an object of this class exists on a thread, denormal floats are treated as zero, as operands and as results.
// The moments of parameters without gradients decay to denormals, for which one operation costs a hundred cycles. All
// threads of a computation must use the same mode, or its bits depend on which thread did what.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nrw {

class FlushToZero {
 public:
  FlushToZero() noexcept : before_(get()) { set(before_ | kFlush); }
  ~FlushToZero() { set(before_); }
  FlushToZero(const FlushToZero&) = delete;
  FlushToZero& operator=(const FlushToZero&) = delete;

 private:
#if defined(__x86_64__)
  static constexpr uint64_t kFlush = 0x8040;  // FTZ and DAZ
  static uint64_t get() noexcept { return _mm_getcsr(); }
  static void set(uint64_t mode) noexcept { _mm_setcsr(static_cast<unsigned>(mode)); }
#elif defined(__aarch64__)
  static constexpr uint64_t kFlush = uint64_t{1} << 24;  // FZ
  static uint64_t get() noexcept {
    uint64_t mode;
    asm volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
  }
  static void set(uint64_t mode) noexcept { asm volatile("msr fpcr, %0" : : "r"(mode)); }
#else
  static constexpr uint64_t kFlush = 0;
  static uint64_t get() noexcept { return 0; }
  static void set(uint64_t) noexcept {}
#endif
  const uint64_t before_;
};

}  // namespace nrw
