// The three passes of convolutions on one thread, or on as many as the first argument says, of all cases or of those
// whose settings contain the second, against the measured FMA peak of
// the instruction set in use. Each is first compared with the reference's products on whole numbers, whose sums are
// exact.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "make_layer.h"
#include "peak.h"
#include "timing.h"

using namespace nrw;

namespace {

struct Case {
  const char* settings;
  Shape input;
  uint32_t rows;
};

const Case kCases[] = {
    // A conv1d autoencoder, 1-32-64-128 and back, length 1024.
    {"\"conv1d\", \"channels\": 32, \"kernel\": 7, \"stride\": 2, \"padding\": 3", Shape::signal(1, 1024), 64},
    {"\"conv1d\", \"channels\": 64, \"kernel\": 7, \"stride\": 2, \"padding\": 3", Shape::signal(32, 512), 64},
    {"\"conv1d\", \"channels\": 128, \"kernel\": 7, \"stride\": 2, \"padding\": 3", Shape::signal(64, 256), 64},
    {"\"conv_transpose1d\", \"channels\": 64, \"kernel\": 4, \"stride\": 2, \"padding\": 1", Shape::signal(128, 128),
     64},
    {"\"conv_transpose1d\", \"channels\": 32, \"kernel\": 4, \"stride\": 2, \"padding\": 1", Shape::signal(64, 256),
     64},
    {"\"conv_transpose1d\", \"channels\": 1, \"kernel\": 4, \"stride\": 2, \"padding\": 1", Shape::signal(32, 512), 64},
    // Kernels of 31 taps.
    {"\"conv1d\", \"channels\": 16, \"kernel\": 31, \"padding\": \"same\"", Shape::signal(1, 1408), 32},
    {"\"conv1d\", \"channels\": 16, \"kernel\": 31, \"padding\": \"same\"", Shape::signal(16, 1408), 32},
    {"\"conv1d\", \"channels\": 1, \"kernel\": 31, \"padding\": \"same\"", Shape::signal(16, 1408), 32},
    {"\"conv1d\", \"channels\": 16, \"kernel\": 3, \"padding\": 1", Shape::signal(16, 1024), 64},
    {"\"conv1d\", \"channels\": 64, \"kernel\": 3, \"padding\": 1", Shape::signal(64, 1024), 32},
    {"\"conv1d\", \"channels\": 64, \"kernel\": 5, \"padding\": 4, \"dilation\": 2", Shape::signal(64, 1024), 32},
    // Images.
    {"\"conv2d\", \"channels\": 32, \"kernel\": 3, \"padding\": 1", Shape::image(1, 28, 28), 128},
    {"\"conv2d\", \"channels\": 32, \"kernel\": 3, \"padding\": 1", Shape::image(3, 32, 32), 128},
    {"\"conv2d\", \"channels\": 16, \"kernel\": 3, \"padding\": 1", Shape::image(16, 28, 28), 128},
    {"\"conv2d\", \"channels\": 8, \"kernel\": 3, \"padding\": 1", Shape::image(8, 28, 28), 128},
    {"\"conv1d\", \"channels\": 8, \"kernel\": 7, \"padding\": 3", Shape::signal(8, 1024), 64},
    {"\"conv2d\", \"channels\": 64, \"kernel\": 3, \"padding\": 1, \"stride\": 2", Shape::image(32, 28, 28), 128},
    {"\"conv2d\", \"channels\": 64, \"kernel\": 3, \"padding\": 1", Shape::image(64, 14, 14), 128},
    {"\"conv2d\", \"channels\": 128, \"kernel\": 1", Shape::image(64, 14, 14), 128},
    {"\"conv_transpose2d\", \"channels\": 32, \"kernel\": 4, \"stride\": 2, \"padding\": 1", Shape::image(64, 7, 7),
     128},
    {"\"conv_transpose2d\", \"channels\": 1, \"kernel\": 4, \"stride\": 2, \"padding\": 1", Shape::image(32, 14, 14),
     128},
    {"\"conv2d\", \"channels\": 64, \"kernel\": 3, \"padding\": 1, \"groups\": 4", Shape::image(64, 14, 14), 128},
};

struct Run {
  Run(Products& products, const Case& c)
      : layer(products, std::string("{\"kind\": ") + c.settings + "}", c.input),
        pass{.rows = c.rows, .training = true},
        x(c.rows * layer.input.size()),
        y(c.rows * layer.output.size()),
        d_x(x.size()),
        d_y(y.size()) {
    layer->reserve(c.rows);
    for (Parameter* p : layer->parameters()) p->allocate(0);
    fill(layer->parameters()[0]->value, 3);
    fill(x, 1);
    fill(d_y, 2);
    for (size_t task = 0; task < layer->pack_tasks(true); ++task) layer->pack(task);
  }
  static void fill(AlignedBuffer<float>& to, size_t salt) {
    for (size_t i = 0; i < to.size(); ++i) to[i] = static_cast<float>((i * 7 + salt) % 5) - 2;
  }
  void forward() { layer->forward(pass, x.data(), y.data()); }
  void backward(bool wanted) { layer->backward(pass, x.data(), d_y.data(), wanted ? d_x.data() : nullptr); }

  check::MadeLayer layer;
  Pass pass;
  AlignedBuffer<float> x, y, d_x, d_y;
};

// Multiply-adds of one pass, zeros outside of the image included.
double terms(const Run& run) {
  const Settings& s = run.layer.spec.settings;
  const bool transposed = std::strstr(run.layer.spec.type->name, "transpose") != nullptr;
  const Shape &from = transposed ? run.layer.output : run.layer.input,
              &to = transposed ? run.layer.input : run.layer.output;
  double taps = 1;
  for (const uint32_t kernel : s.axes("kernel", from.dimensions - 1)) taps *= kernel;
  return taps * from.channels() / s.count("groups") * static_cast<double>(to.size()) * run.pass.rows;
}

bool same_as_reference(const Case& c) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  ThreadPool pool(1);
  Products products(kernels(), pool), plain(*tables[count - 1], pool);
  const Case few{c.settings, c.input, 3};
  Run tried(products, few), wanted(plain, few);
  for (Run* run : {&tried, &wanted}) {
    run->forward();
    run->backward(true);
  }
  const auto same = [](const AlignedBuffer<float>& a, const AlignedBuffer<float>& b) {
    return std::memcmp(a.data(), b.data(), a.bytes()) == 0;
  };
  return same(tried.y, wanted.y) && same(tried.d_x, wanted.d_x) &&
         same(tried.layer->parameters()[0]->gradient, wanted.layer->parameters()[0]->gradient);
}

}  // namespace

int main(int count, char** arguments) {
  const unsigned threads = count > 1 ? static_cast<unsigned>(std::atoi(arguments[1])) : 1;
  const double peak = threads * bench::peak_gflops(kernels().name);
  std::printf("%s, %u threads, FMA peak %.1f GFLOP/s; best GFLOP/s and share of the peak: forward, to x, to weights\n",
              kernels().name, threads, peak);
  ThreadPool pool(threads);
  Products products(kernels(), pool);
  for (const Case& c : kCases) {
    if (count > 2 && std::strstr(c.settings, arguments[2]) == nullptr) continue;
    if (!same_as_reference(c)) {
      std::printf("%s differs from the reference\n", c.settings);
      return 1;
    }
    Run run(products, c);
    const double gflop = 2e-9 * terms(run);
    const double forward = bench::time([&] { run.forward(); }).best;
    const double weights = bench::time([&] { run.backward(false); }).best;
    const double both = bench::time([&] { run.backward(true); }).best;
    for (const double seconds : {forward, both - weights, weights}) {
      std::printf("%6.1f", gflop / seconds);
      if (peak > 0) std::printf(" %3.0f %%", 100 * gflop / seconds / peak);
      std::printf("  ");
    }
    std::printf("%s x %u, {%s}\n", c.input.text().c_str(), c.rows, c.settings);
  }
  return 0;
}
