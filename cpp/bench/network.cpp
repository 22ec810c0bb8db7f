// Times whole training steps on batches in memory, that is, without waits for batches. The command line is
//   bench_network THREADS COLUMNS DENSITY BATCH FACTORED WIDTH ... (encoder and decoder mirror each other)
// Prints one line: the best and median microseconds per step, and a checksum of the weights, which must be the same for
// all builds.
#include <cstdio>
#include <cstdlib>

#include "base/float_mode.h"
#include "checksum.h"
#include "memory_source.h"
#include "model/network.h"
#include "network_text.h"
#include "timing.h"

using namespace nrw;
using namespace nrw::check;

int main(int count, char** words) {
  if (count < 7) {
    std::fprintf(stderr, "bench_network THREADS COLUMNS DENSITY BATCH FACTORED WIDTH ...\n");
    return 2;
  }
  const auto number = [&](int i) { return static_cast<uint32_t>(std::atoi(words[i])); };
  const uint32_t threads = number(1), columns = number(2), batch = number(4);
  const bool factored = number(5) != 0;
  std::vector<std::string> encoder, decoder;
  for (int i = 6; i < count; ++i) {
    if (i > 6) encoder.push_back(layer("relu"));
    encoder.push_back(linear(number(i)));
  }
  for (int i = count - 2; i >= 6; --i) {
    decoder.push_back(linear(number(i)));
    decoder.push_back(layer("relu"));
  }
  decoder.push_back(linear(columns, factored ? uint32_t{kFactored} : 0u));
  const FlushToZero mode;
  Network network(make_plan(columns, encoder, decoder), OptimizerSettings{}, Reduction::kMean, 1, threads);
  check::MemorySource source = check::MemorySource::random(8 * batch, columns, std::atof(words[3]), batch);
  uint64_t step = 0;
  const auto one = [&] { network.train(source.batch(step % 8), 1e-3, step + 1), ++step; };
  for (int i = 0; i < 20; ++i) one();
  const uint64_t sum = bench::checksum(network);
  const bench::Seconds seconds = bench::time(one, 2.0);
  std::printf("%10.2f us best %10.2f median  weights after 20 steps %016llx\n", 1e6 * seconds.best,
              1e6 * seconds.median, static_cast<unsigned long long>(sum));
  return 0;
}
