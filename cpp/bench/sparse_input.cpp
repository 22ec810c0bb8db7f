// Times the sparse input layer over a series of different batches, as in training: forward and backward with Adam. It
// compares updating all rows in every step with updating rows later, when they are touched again, at once or in the
// next forward pass. Prints the best and the median of the steps after the warm-up.
//   bench_sparse_input [columns density width rows [skew [threads...]]]      (default 60664 0.03 512 128 1 1 2)
// skew: an entry is in column columns * u^skew for u uniform in [0, 1). With 1 all columns are equally likely, and 3
// gives frequencies similar to those of words.
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "column_oracle.h"
#include "timing.h"

using namespace nrw;
using namespace nrw::oracle;

namespace {

constexpr size_t kBatches = 6;
constexpr uint32_t kFirst = 101;  // the first step, as in the middle of a run

// About density * columns entries per row, each in column columns * u^skew.
SparseBatch make_skewed(uint32_t rows, uint32_t columns, double density, double skew, uint32_t number) {
  std::vector<std::vector<uint32_t>> by_row(rows), by_column(columns);
  const auto wanted = static_cast<uint32_t>(density * columns);
  for (uint32_t i = 0; i < rows; ++i) {
    for (uint32_t e = 0; e < wanted; ++e) {
      const double u = uniform(draw(9, Purpose::kMask, number, uint64_t{i} * wanted + e)[0]);
      by_row[i].push_back(std::min(columns - 1, static_cast<uint32_t>(columns * std::pow(u, skew))));
    }
    std::sort(by_row[i].begin(), by_row[i].end());
    by_row[i].erase(std::unique(by_row[i].begin(), by_row[i].end()), by_row[i].end());
    for (const uint32_t column : by_row[i]) by_column[column].push_back(i);
  }
  SparseBatch batch;
  batch.rows = rows;
  batch.columns = columns;
  const size_t most = size_t{rows} * wanted + 1;
  batch.row_ptr.reserve(rows + 1);
  for (auto* buffer : {&batch.column, &batch.touched_col, &batch.touched_ptr, &batch.csc_row}) buffer->reserve(most);
  for (auto* buffer : {&batch.target, &batch.csc_target}) buffer->reserve(most);
  uint32_t nnz = 0;
  for (uint32_t i = 0; i < rows; ++i) {
    for (const uint32_t column : by_row[i]) {
      batch.column[nnz] = column;
      batch.target[nnz++] = 0.5f;
    }
    batch.row_ptr[i + 1] = nnz;
  }
  nnz = 0;
  for (uint32_t j = 0; j < columns; ++j) {
    if (by_column[j].empty()) continue;
    batch.touched_col[batch.touched++] = j;
    for (const uint32_t i : by_column[j]) {
      batch.csc_row[nnz] = i;
      batch.csc_target[nnz++] = 0.5f;
    }
    batch.touched_ptr[batch.touched] = nnz;
  }
  return batch;
}

struct Times {
  std::vector<double> forward, backward, step;
};
double ms(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}
double median(std::vector<double> runs) {
  std::sort(runs.begin(), runs.end());
  return runs[runs.size() / 2];
}
double best(const std::vector<double>& runs) { return *std::min_element(runs.begin(), runs.end()); }

}  // namespace

int main(int count, char** arguments) {
  const auto argument = [&](int i, double otherwise) { return count > i ? std::atof(arguments[i]) : otherwise; };
  const uint32_t columns = static_cast<uint32_t>(argument(1, 60664)), width = static_cast<uint32_t>(argument(3, 512));
  const uint32_t m = static_cast<uint32_t>(argument(4, 128));
  const double density = argument(2, 0.03), skew = argument(5, 1);
  std::vector<unsigned> threads;
  for (int i = 6; i < count; ++i) threads.push_back(static_cast<unsigned>(std::atoi(arguments[i])));
  if (threads.empty()) threads = {1, 2};

  std::vector<SparseBatch> batches;
  double touched = 0, nnz = 0;
  for (uint32_t b = 0; b < kBatches; ++b) {
    batches.push_back(make_skewed(m, columns, density, skew, b));
    touched += batches.back().touched / static_cast<double>(kBatches);
    nnz += batches.back().nnz() / static_cast<double>(kBatches);
  }
  std::printf("kernels %s; %u columns, %.0f non-zeros per row, width %u, %u rows, %.1f %% of the columns touched\n",
              kernels().name, columns, nnz / m, width, m, 100 * touched / columns);
  std::printf("%-12s %-6s %7s %11s %8s %12s %8s %9s %8s\n", "rows", "update", "threads", "forward ms", "best",
              "backward ms", "best", "both ms", "best");
  const std::vector<float> d_y = make_dense(size_t{m} * width, 12), bias(width, 0.1f);
  std::vector<float> y(d_y.size()), seen;
  for (const unsigned n : threads) {
    for (const int how : {0, 1, 2, 3}) {
      const bool behind = (how & 2) != 0, waits = (how & 1) != 0;
      ThreadPool pool(n);
      SparseInput input(kernels(), pool);
      ColumnWeights w = make_weights(columns, width, 2);
      OptimizerStep adam{.kind = OptimizerKind::kAdam, .learning_rate = 1e-4f};
      if (behind) input.leave_behind(adam, columns);
      if (waits) input.let_updates_wait();
      Times times;
      const auto start = std::chrono::steady_clock::now();
      for (uint32_t t = kFirst; times.forward.size() < 12 || (ms(start) < 1500 && times.forward.size() < 200); ++t) {
        const SparseBatch& batch = batches[t % kBatches];
        adam.step = t;
        adam.bias_correction1 = static_cast<float>(1 - std::pow(adam.beta1, t));
        adam.bias_correction2_sqrt = static_cast<float>(std::sqrt(1 - std::pow(adam.beta2, t)));
        auto before = std::chrono::steady_clock::now();
        input.forward(batch, w, bias.data(), y.data());
        const double forward = ms(before);
        before = std::chrono::steady_clock::now();
        input.backward_update(batch, d_y.data(), w, adam);
        const double backward = ms(before);
        if (t < kFirst + 4) continue;  // the first step updates all rows
        times.forward.push_back(forward);
        times.backward.push_back(backward);
        times.step.push_back(forward + backward);
        if (times.forward.size() != 8) continue;
        if (seen.empty()) seen = y;
        if (!(error(Matrix(seen.begin(), seen.end()), y) <= 1e-5)) {
          std::fprintf(stderr, "the two updates disagree, so they are not timed\n");
          return 1;
        }
      }
      std::printf("%-12s %-6s %7u %11.2f %8.2f %12.2f %8.2f %9.2f %8.2f\n", behind ? "left behind" : "all rows",
                  waits ? "later" : "now", n, median(times.forward), best(times.forward), median(times.backward),
                  best(times.backward), median(times.step), best(times.step));
    }
  }
  return 0;
}
