// Timing for the benchmarks by many short runs. The best run shows what the code can do, the median what it did on this
// machine at this time.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

namespace nrw::bench {

struct Seconds {
  double best, median;
};

// Runs `body` for about `budget_s` seconds, but at least five times, after one run for warming up.
template <class Body>
Seconds time(Body body, double budget_s = 0.05) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  body();
  std::vector<double> runs;
  const auto start = Clock::now();
  while (runs.size() < 5 || seconds(Clock::now() - start) < budget_s) {
    const auto before = Clock::now();
    body();
    runs.push_back(seconds(Clock::now() - before));
  }
  std::sort(runs.begin(), runs.end());
  return {runs.front(), runs[runs.size() / 2]};
}

}  // namespace nrw::bench
