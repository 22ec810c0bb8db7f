// Times activations, updates and sums of every table with one thread: nanoseconds per element in cache, and GB/s from
// memory.
#include <cstdio>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"
#include "timing.h"

using namespace nrw;

namespace {

constexpr size_t kInCache = 16384;     // 64 KB per array
constexpr size_t kInMemory = 4 << 20;  // 16 MB per array

struct Work {
  const char* name;
  int floats_moved;  // read and written for each element
  void (*run)(const Kernels& table, size_t n, float* a, float* b, float* c, float* d);
};

template <Activation kKind>
void forward(const Kernels& table, size_t n, float* a, float* b, float*, float*) {
  table.activate(kKind, n, a, 0.5f, b);
}
template <Activation kKind>
void backward(const Kernels& table, size_t n, float* a, float* b, float* c, float*) {
  table.activate_backward(kKind, n, a, b, 0.5f, c);
}
template <OptimizerKind kKind>
void update(const Kernels& table, size_t n, float* a, float* b, float* c, float* d) {
  OptimizerStep step;
  step.kind = kKind;
  step.learning_rate = 1e-3f;
  const int moments = step.moments();
  table.update(n, step, a, b, moments >= 1 ? c : nullptr, moments >= 2 ? d : nullptr);
}

const Work kWorks[] = {
    {"relu", 2, forward<Activation::kRelu>},
    {"elu", 2, forward<Activation::kElu>},
    {"gelu", 2, forward<Activation::kGelu>},
    {"silu", 2, forward<Activation::kSilu>},
    {"tanh", 2, forward<Activation::kTanh>},
    {"sigmoid", 2, forward<Activation::kSigmoid>},
    {"gelu backward", 3, backward<Activation::kGelu>},
    {"silu backward", 3, backward<Activation::kSilu>},
    {"sgd", 3, update<OptimizerKind::kSgd>},
    {"adam", 7, update<OptimizerKind::kAdam>},
    {"rmsprop", 5, update<OptimizerKind::kRmsprop>},
    {"axpy", 3, [](const Kernels& t, size_t n, float* a, float* b, float*, float*) { t.axpy(n, 1e-6f, a, b); }},
    {"dot", 2, [](const Kernels& t, size_t n, float* a, float* b, float* c, float*) { c[0] = t.dot(n, a, b); }},
    {"sum of squares", 1,
     [](const Kernels& t, size_t n, float* a, float*, float* c, float*) {
       c[0] = static_cast<float>(t.sum_squares(n, a));
     }},
};

}  // namespace

int main() {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  AlignedBuffer<float> a(kInMemory), b(kInMemory), c(kInMemory), d(kInMemory);
  std::printf("one thread, best of many runs: ns per element with 64 KB arrays, GB/s with 16 MB arrays\n%-16s", "");
  for (size_t t = 0; t < count; ++t) std::printf("%20s", tables[t]->name);
  std::printf("\n");
  for (const Work& work : kWorks) {
    std::printf("%-16s", work.name);
    for (size_t t = 0; t < count; ++t) {
      for (size_t i = 0; i < kInMemory; ++i) {
        a[i] = static_cast<float>(i % 1000) * 0.01f - 5;
        b[i] = c[i] = d[i] = 0.5f;
      }
      const auto run = [&](size_t n) { work.run(*tables[t], n, a.data(), b.data(), c.data(), d.data()); };
      const double cached = bench::time([&] { run(kInCache); }, 0.02).best;
      const double streamed = bench::time([&] { run(kInMemory); }, 0.02).best;
      std::printf("%8.3f ns %4.1f GB/s", cached * 1e9 / kInCache,
                  static_cast<double>(work.floats_moved) * sizeof(float) * kInMemory * 1e-9 / streamed);
    }
    std::printf("\n");
  }
  return 0;
}
