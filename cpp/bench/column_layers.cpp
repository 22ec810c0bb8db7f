// Times the layers whose weights have one row for each column, on a random batch, and compares them with a lower bound
// measured in the same run: the table's product in cache, and a pass over memory. Rates and shares are of the best run.
//   bench_column_layers [columns density width rows [f32|bf16 [threads...]]]   (default 60664 0.03 512 128 f32 1 2)
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "column_oracle.h"
#include "timing.h"

using namespace nrw;
using namespace nrw::oracle;

namespace {

// Whether the layers agree with double arithmetic on a small case, so that correct code is timed.
bool verify() {
  const uint32_t m = 40, columns = 900, width = 70;
  ThreadPool pool(2);
  const SparseBatch batch = make_batch(m, columns, 0.1, false);
  const std::vector<float> h_float = make_dense(m * width, 12);
  const Matrix h(h_float.begin(), h_float.end());
  ColumnWeights w = make_weights(columns, width, 2);
  ColumnBias bias = make_bias(columns, 2);
  Matrix weights = plain(w, w.value);
  const Matrix r = residual(batch, h, width, weights, plain(bias.value));
  std::vector<float> y(m * width), d_h(m * width);
  const OptimizerStep step{.kind = OptimizerKind::kSgd, .learning_rate = 0.01f};
  SparseInput(kernels(), pool).forward(batch, w, nullptr, y.data());
  const Matrix y_expected = product(m, width, columns, dense(batch, batch.target.data()), columns, 1, weights);
  Matrix d_h_expected = product(m, width, columns, r, columns, 1, weights);
  const Matrix d_w = product(columns, width, m, r, 1, columns, h);
  SquaredError loss(kernels());
  TileOutput(kernels(), pool, loss).train(batch, h_float.data(), 0.5, w, bias, d_h.data(), step);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] -= 0.01 * d_w[i];
  return error(y_expected, y) <= 2e-6 && error(d_h_expected, d_h) <= 1e-5 && error(weights, plain(w, w.value)) <= 1e-5;
}

// GFLOP/s of the table's product on operands in cache.
double product_rate(ThreadPool& pool) {
  constexpr size_t m = 192, n = 128, k = 512, repeats = 16;  // per thread
  const Kernels& table = kernels();
  AlignedBuffer<float> a(m * k), b(k * n), c(pool.size() * m * n);
  const bench::Seconds time = bench::time([&] {
    pool.run(repeats * pool.size(), [&](size_t, unsigned worker) {
      table.gemm(m, n, k, a.data(), k, 1, b.data(), c.data() + worker * m * n, n, false);
    });
  });
  return 2e-9 * m * n * k * repeats * pool.size() / time.best;
}

// GB/s of y += x, two reads and a write, over arrays much larger than the caches except perhaps the last.
double memory_rate(ThreadPool& pool, AlignedBuffer<float>& x, AlignedBuffer<float>& y) {
  const size_t size = x.size(), piece = size_t{1} << 16, tasks = size / piece;
  const bench::Seconds time = bench::time([&] {
    pool.run(tasks,
             [&](size_t task, unsigned) { kernels().add(piece, x.data() + task * piece, y.data() + task * piece); });
  });
  return 12e-9 * static_cast<double>(tasks * piece) / time.best;
}

void print(const char* work, unsigned threads, bench::Seconds time, double gflop, double gbyte, double floor_s) {
  std::printf("%-28s %7u %9.2f %7.2f %9.1f %7.1f %9.2f %7.0f %%\n", work, threads, 1e3 * time.median, 1e3 * time.best,
              gflop / time.best, gbyte / time.best, 1e3 * floor_s, 100 * floor_s / time.best);
}

}  // namespace

int main(int count, char** arguments) {
  const auto argument = [&](int i, double otherwise) { return count > i ? std::atof(arguments[i]) : otherwise; };
  const uint32_t columns = static_cast<uint32_t>(argument(1, 60664)), width = static_cast<uint32_t>(argument(3, 512));
  const uint32_t m = static_cast<uint32_t>(argument(4, 128));
  const double density = argument(2, 0.03);
  std::vector<unsigned> threads{1, 2};
  const bool bf16 = count > 5 && std::strcmp(arguments[5], "bf16") == 0;
  if (count > 6) threads.clear();
  for (int i = 6; i < count; ++i) threads.push_back(static_cast<unsigned>(std::atoi(arguments[i])));
  if (!verify()) {
    std::fprintf(stderr, "the layers disagree with double arithmetic, so they are not timed\n");
    return 1;
  }

  const SparseBatch batch = make_batch(m, columns, density, false);
  ColumnWeights w = make_weights(columns, width, 2);
  ColumnBias bias = make_bias(columns, 2);
  const std::vector<float> h = make_dense(size_t{m} * width, 12), input_bias(width, 0.1f);
  std::vector<float> d_h(h.size());
  OptimizerStep adam{.kind = OptimizerKind::kAdam, .learning_rate = 1e-6f};
  std::printf(
      "kernels %s; output products %s; %u columns, density %g, %u non-zeros, width %u, %u rows, %u processors\n",
      kernels_reason(), bf16 ? bf16_reason() : "f32", columns, density, batch.nnz(), width, m, available_threads());
  std::printf("%-28s %7s %9s %7s %9s %7s %9s %9s\n", "work", "threads", "median ms", "best", "GFLOP/s", "GB/s",
              "floor ms", "of floor");
  for (const unsigned n : threads) {
    ThreadPool pool(n);
    SparseInput input(kernels(), pool);
    SquaredError loss(kernels());
    TileOutput output(kernels(), pool, loss, bf16 ? bf16_kernels() : nullptr);
    const double peak = product_rate(pool), bandwidth = memory_rate(pool, w.moment1, w.moment2);
    w.moment2.zero();
    // One product, one pass over W, and one read and write of W and both moments.
    const double product_gflop = 2e-9 * columns * width * m, w_gbyte = 4e-9 * static_cast<double>(columns) * width;
    const double input_gflop = 2e-9 * batch.nnz() * width, touched = static_cast<double>(batch.touched) / columns;
    const auto floor_s = [&](double gflop, double gbyte) { return gflop / peak + gbyte / bandwidth; };
    const auto row = [&](const char* work, double gflop, double gbyte, auto&& body) {
      print(work, n, bench::time(body, 1.0), gflop, gbyte, floor_s(gflop, gbyte));
    };
    std::printf("%-28s %7u %27.1f %7.1f\n", "product in cache, memory", n, peak, bandwidth);
    row("output train, Adam", 3 * product_gflop, 6 * w_gbyte,
        [&] { output.train(batch, h.data(), 1e-6, w, bias, d_h.data(), adam); });
    row("output loss and d_h", 2 * product_gflop, w_gbyte,
        [&] { output.loss_backward(batch, h.data(), 1e-6, w, bias, d_h.data(), false); });
    row("output evaluate", product_gflop, w_gbyte, [&] { output.evaluate(batch, h.data(), w, bias, nullptr); });
    row("input forward", input_gflop, touched * w_gbyte,
        [&] { input.forward(batch, w, input_bias.data(), d_h.data()); });
    row("input backward, Adam", input_gflop, 6 * w_gbyte, [&] { input.backward_update(batch, h.data(), w, adam); });
  }
  return 0;
}
