// Times whole training steps of convolutional autoencoders on batches in memory, those of bench/workloads/networks.ts.
//
//   bench_shapes [THREADS] [SECONDS] [conv1d|conv2d|wide]
//
// Prints milliseconds per step, the best and the median, the least time of all threads' work in a step, which says more
// on a machine that does other things as well, and a checksum of the weights after 20 steps, which is the same for any
// number of threads.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "base/float_mode.h"
#include "checksum.h"
#include "dense_form.h"
#include "memory_source.h"
#include "model/network.h"
#include "network_text.h"
#include "timing.h"

using namespace nrw;
using namespace nrw::check;

namespace {

using Layers = std::vector<std::string>;

struct Net {
  const char* name;
  const char* shape;
  uint32_t columns, rows;
  Layers encoder, decoder;
};

std::string conv(const char* kind, uint32_t channels, uint32_t kernel, uint32_t padding, const char* more = "") {
  return layer(kind, format("\"channels\": %u, \"kernel\": %u, \"stride\": 2, \"padding\": %u%s", channels, kernel,
                            padding, more));
}

const std::string kRelu = layer("relu"), kNorm = layer("batch_norm");
const char* const kMore = ", \"output_padding\": 1";

const Net kNets[] = {
    {"conv1d",
     "[1, 1024]",
     1024,
     64,
     {conv("conv1d", 32, 7, 3), kNorm, kRelu, conv("conv1d", 64, 5, 2), kNorm, kRelu, conv("conv1d", 128, 5, 2), kNorm,
      kRelu, linear(64)},
     {linear(16384), layer("unflatten", "\"shape\": [128, 128]"), kRelu, conv("conv_transpose1d", 64, 4, 1), kNorm,
      kRelu, conv("conv_transpose1d", 32, 4, 1), kNorm, kRelu, conv("conv_transpose1d", 1, 4, 1)}},
    {"conv2d",
     "[1, 28, 28]",
     784,
     128,
     {conv("conv2d", 16, 3, 1), kRelu, conv("conv2d", 32, 3, 1), kRelu, linear(32)},
     {linear(1568), kRelu, layer("unflatten", "\"shape\": [32, 7, 7]"), conv("conv_transpose2d", 16, 4, 1), kRelu,
      conv("conv_transpose2d", 1, 4, 1), layer("sigmoid")}},
    {"wide",
     "[1, 1408]",
     1408,
     32,
     {conv("conv1d", 16, 31, 15), kRelu, conv("conv1d", 32, 31, 15), kRelu, linear(32)},
     {linear(11264), kRelu, layer("unflatten", "\"shape\": [32, 352]"), conv("conv_transpose1d", 16, 31, 15, kMore),
      kRelu, conv("conv_transpose1d", 1, 31, 15, kMore)}},
};

double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void measure(const Net& net, unsigned threads, double seconds) {
  const Plan plan = make_plan(net.columns, net.encoder, net.decoder, true, std::string("\"shape\": ") + net.shape);
  Network network(plan, {}, Reduction::kMean, 1, threads);
  check::MemorySource source = check::MemorySource::random(net.rows * 4, net.columns, 1, net.rows);
  std::vector<DenseBatch> batches;
  while (const Batch* batch = source.next()) batches.push_back(check::dense_form(*batch));
  uint64_t t = 0;
  const auto step = [&] {
    ++t;
    network.train(batches[t % batches.size()], 1e-3, t);
  };
  for (int i = 0; i < 20; ++i) step();
  const uint64_t sum = bench::checksum(network);
  double least = 1e9;
  const bench::Seconds time = bench::time(
      [&] {
        const double before = processor_seconds();
        step();
        least = std::min(least, processor_seconds() - before);
      },
      seconds);
  std::printf("%-8s %u threads  best %9.4f ms  median %9.4f  work %9.4f  weights after 20 steps %016llx\n", net.name,
              threads, 1e3 * time.best, 1e3 * time.median, 1e3 * least, static_cast<unsigned long long>(sum));
}

}  // namespace

int main(int argc, char** argv) {
  const FlushToZero mode;
  const unsigned threads = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 1;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
  for (const Net& net : kNets) {
    if (argc > 3 && std::string(argv[3]) != net.name) continue;
    measure(net, threads, seconds);
  }
  return 0;
}
