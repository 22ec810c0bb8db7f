// Times the factored output layer alone: bench_factored [columns] [non-zeros per row] [width] [rows] [threads]. Prints
// the milliseconds per step.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/philox.h"
#include "layers/factored_output.h"

using namespace nrw;

namespace {

SparseBatch make_batch(uint32_t columns, uint32_t nnz, uint32_t rows, uint64_t number) {
  std::vector<std::vector<uint32_t>> by_column(columns);
  for (uint32_t i = 0; i < rows; ++i) {
    for (uint32_t e = 0; e < nnz; ++e) {
      const auto w = draw(7, Purpose::kInit, number, i * uint64_t{nnz} + e);
      auto& column = by_column[static_cast<uint32_t>((uint64_t{w[0]} * columns) >> 32)];
      if (column.empty() || column.back() != i) column.push_back(i);
    }
  }
  std::vector<uint32_t> touched, ptr{0}, row;
  for (uint32_t j = 0; j < columns; ++j) {
    if (by_column[j].empty()) continue;
    touched.push_back(j);
    row.insert(row.end(), by_column[j].begin(), by_column[j].end());
    ptr.push_back(static_cast<uint32_t>(row.size()));
  }
  SparseBatch b;
  b.rows = rows;
  b.columns = columns;
  b.touched = static_cast<uint32_t>(touched.size());
  const auto copy = [](AlignedBuffer<uint32_t>& to, const std::vector<uint32_t>& from) {
    to = AlignedBuffer<uint32_t>(from.size());
    for (size_t i = 0; i < from.size(); ++i) to[i] = from[i];
  };
  copy(b.touched_col, touched);
  copy(b.touched_ptr, ptr);
  copy(b.csc_row, row);
  b.csc_target = AlignedBuffer<float>(row.size());
  for (size_t i = 0; i < row.size(); ++i) b.csc_target[i] = 0.5f + uniform(draw(9, Purpose::kInit, number, i)[0]);
  b.row_ptr = AlignedBuffer<uint32_t>(rows + 1);
  b.row_ptr[rows] = static_cast<uint32_t>(row.size());
  return b;
}

}  // namespace

int main(int count, char** arguments) {
  const auto argument = [&](int i, uint32_t otherwise) {
    return count > i ? static_cast<uint32_t>(std::atoi(arguments[i])) : otherwise;
  };
  const uint32_t columns = argument(1, 60664), nnz = argument(2, 1820), width = argument(3, 512);
  const uint32_t rows = argument(4, 128), threads = argument(5, 2);
  ThreadPool pool(threads);
  FactoredOutput layer(columns, width, {}, 0, kernels(), pool);
  std::vector<SparseBatch> batches;
  for (uint64_t number = 0; number < 3; ++number) batches.push_back(make_batch(columns, nnz, rows, number));
  std::vector<float> h(size_t{rows} * width), d_h(h.size());
  double best = 1e9;
  for (uint64_t step = 0; step < 18; ++step) {  // before the first new basis
    for (size_t i = 0; i < h.size(); ++i) h[i] = uniform(draw(3, Purpose::kInit, step, i)[0]);
    const auto start = std::chrono::steady_clock::now();
    layer.train(batches[step % 3], h.data(), nullptr, 1e-6, d_h.data());
    const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    if (step > 2 && ms < best) best = ms;
  }
  std::printf("%u columns, %u non-zeros per row, width %u, %u rows, %u threads, %s: %.2f ms per step\n", columns, nnz,
              width, rows, threads, kernels().name, best);
}
