// Times the steps of small networks on dense rows in memory, where a large part of a step is not spent in its products.
//
//   bench_small_steps [THREADS] [SECONDS] [mlp|tiny]
#include <cstdio>
#include <cstdlib>

#include "base/float_mode.h"
#include "dense_form.h"
#include "memory_source.h"
#include "model/network.h"
#include "network_text.h"
#include "timing.h"

using namespace nrw;
using namespace nrw::check;

namespace {

const std::string kRelu = layer("relu");

void measure(const char* what, uint32_t columns, uint32_t hidden, uint32_t latent, uint32_t batch_rows,
             unsigned threads, double seconds) {
  const Plan plan =
      make_plan(columns, {linear(hidden), kRelu, linear(latent)}, {linear(hidden), kRelu, linear(columns)}, true);
  Network network(plan, {}, Reduction::kMean, 1, threads);
  check::MemorySource source = check::MemorySource::random(batch_rows * 8, columns, 1, batch_rows);
  std::vector<DenseBatch> batches;
  while (const Batch* batch = source.next()) batches.push_back(check::dense_form(*batch));
  uint64_t t = 0;
  double forward = 0;
  const auto step = [&] {
    ++t;
    forward += network.train(batches[t % batches.size()], 1e-3, t).forward_ms;
  };
  for (int i = 0; i < 20; ++i) step();
  forward = 0;
  const uint64_t first = t;
  const bench::Seconds time = bench::time(step, seconds);
  forward /= static_cast<double>(t - first);
  double products = 0;
  const uint32_t sizes[] = {columns, hidden, latent, hidden, columns};
  for (int i = 0; i < 4; ++i) products += (i == 0 ? 4e-9 : 6e-9) * batch_rows * sizes[i] * sizes[i + 1];
  std::printf("%-36s %u threads  %9.4f ms per step, best %.4f (forward %.4f)  best %.1f GFLOP/s\n", what, threads,
              1e3 * time.median, 1e3 * time.best, forward, products / time.best);
}

}  // namespace

int main(int argc, char** argv) {
  const FlushToZero mode;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
  for (const unsigned threads : {1u, 2u}) {
    if (argc > 1 && std::atoi(argv[1]) != static_cast<int>(threads)) continue;
    if (argc <= 3 || argv[3][0] == 'm')
      measure("MLP 784-256-32-256-784, batch 128", 784, 256, 32, 128, threads, seconds);
    if (argc <= 3 || argv[3][0] == 't') measure("tiny network 16-8-2-8-16, batch 4", 16, 8, 2, 4, threads, seconds);
  }
}
