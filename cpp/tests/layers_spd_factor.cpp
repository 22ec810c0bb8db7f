#include "layers/spd_factor.h"

#include <vector>

#include "base/philox.h"
#include "check.h"

using namespace nrw;

namespace {
double noise(uint64_t i) { return uniform(draw(5, Purpose::kInit, 1, i)[0], draw(5, Purpose::kInit, 1, i)[1]) - 0.5; }

// A = G G^T + n I, and rows X.
struct Case {
  size_t n, m, ld;
  std::vector<double> a, x;
  Case(size_t n, size_t m) : n(n), m(m), ld((n + 7) / 8 * 8), a(n * ld), x(m * ld) {
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        double sum = i == j ? 1.0 : 0.0;
        for (size_t p = 0; p < n; ++p) sum += noise(i * n + p) * noise(j * n + p);
        a[i * ld + j] = sum;
      }
    }
    for (size_t i = 0; i < m; ++i)
      for (size_t j = 0; j < n; ++j) x[i * ld + j] = noise(1000000 + i * n + j);
  }
};
}  // namespace

TEST(spd_factor_solves_on_every_table) {
  std::vector<const DoubleKernels*> tables{&double_kernels_plain};
  if (&double_kernels() != &double_kernels_plain) tables.push_back(&double_kernels());
  for (const DoubleKernels* table : tables) {
    for (size_t n : {1u, 2u, 31u, 32u, 33u, 64u, 65u, 130u, 193u}) {
      for (size_t m : {1u, 5u, 16u, 37u}) {
        const Case c(n, m);
        std::vector<double> first;
        for (unsigned threads : {1u, 3u}) {
          ThreadPool pool(threads);
          SpdFactor factor(*table, pool);
          CHECK(factor.factor(c.a.data(), n, c.ld));
          std::vector<double> e(m * c.ld);
          factor.solve(m, c.x.data(), e.data(), c.ld);
          for (size_t i = 0; i < m; ++i) {  // E A == X
            for (size_t j = 0; j < n; ++j) {
              double sum = 0;
              for (size_t p = 0; p < n; ++p) sum += e[i * c.ld + p] * c.a[p * c.ld + j];
              CHECK_CLOSE(sum, c.x[i * c.ld + j], 1e-11);
            }
          }
          if (first.empty()) first = e;
          CHECK(first == e);  // the same bits with any number of threads
          factor.solve(m, e.data(), e.data(), c.ld);
        }
      }
    }
  }
}

TEST(spd_factor_refuses_what_is_not_positive_definite) {
  ThreadPool pool(1);
  SpdFactor factor(double_kernels(), pool);
  const std::vector<double> indefinite{1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0};
  CHECK(!factor.factor(indefinite.data(), 2, 8));
  const std::vector<double> broken{NAN};
  CHECK(!factor.factor(broken.data(), 1, 1));
}
