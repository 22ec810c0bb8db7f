// Measures the limits of this machine, with which other measurements are compared. Prints one line of JSON.
//   bench_limits [threads]      (default: all this process may use)
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/aligned_buffer.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"
#include "peak.h"

using namespace nrw;

namespace {

// The sum of the rates of all threads, which measure at the same time.
template <class Measure>
double together(ThreadPool& pool, Measure measure) {
  double each[1024] = {};
  pool.run(pool.size(), [&](size_t task, unsigned) { each[task] = measure(); });
  double sum = 0;
  for (size_t i = 0; i < pool.size(); ++i) sum += each[i];
  return sum;
}

// GB/s of y += x, two reads and a write, over arrays of 256 MB each; the best of some passes.
double memory_rate(ThreadPool& pool) {
  constexpr size_t kSize = size_t{64} << 20, kPiece = size_t{1} << 16;
  AlignedBuffer<float> x(kSize), y(kSize);
  x.zero();
  y.zero();
  const bench::Seconds time = bench::time(
      [&] {
        pool.run(kSize / kPiece, [&](size_t task, unsigned) {
          kernels().add(kPiece, x.data() + task * kPiece, y.data() + task * kPiece);
        });
      },
      0.3);
  return 12e-9 * kSize / time.best;
}

}  // namespace

int main(int count, char** arguments) {
  const int asked = count > 1 ? std::atoi(arguments[1]) : static_cast<int>(available_threads());
  ThreadPool pool(static_cast<unsigned>(std::clamp(asked, 1, 1024)));
  const double f32 = together(pool, [] { return bench::peak_gflops(kernels().name); });
  const double bf16 = together(pool, [] { return bench::peak_bf16_gflops(); });
  std::printf("{\"threads\": %zu, \"f32_gflops\": %.1f, \"bf16_gflops\": %.1f, \"memory_gbps\": %.1f}\n",
              static_cast<size_t>(pool.size()), f32, bf16, memory_rate(pool));
  return 0;
}
