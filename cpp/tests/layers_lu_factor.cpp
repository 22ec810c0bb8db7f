#include "layers/lu_factor.h"

#include <cmath>
#include <vector>

#include "base/philox.h"
#include "check.h"

using namespace nrw;

TEST(lu_factor_solves_and_refuses_a_singular_matrix) {
  for (const size_t n : {size_t{1}, size_t{7}, size_t{32}, size_t{33}, size_t{130}}) {
    const size_t lda = n + 3, ld = n + 5, m = 29;
    std::vector<double> a(n * lda), x(m * ld), out(m * ld, NAN);
    for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<double>(uniform(draw(3, Purpose::kInit, n, i)[0])) - 0.5;
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(uniform(draw(4, Purpose::kInit, n, i)[0])) - 0.5;
    for (const unsigned threads : {1u, 3u}) {
      ThreadPool pool(threads);
      LuFactor lu(double_kernels(), pool);
      CHECK(lu.factor(a.data(), n, lda));
      lu.solve(m, x.data(), out.data(), ld);
      for (size_t i = 0; i < m; ++i) {  // out A = x
        for (size_t j = 0; j < n; ++j) {
          double sum = 0;
          for (size_t k = 0; k < n; ++k) sum += out[i * ld + k] * a[k * lda + j];
          CHECK_CLOSE(sum, x[i * ld + j], 1e-10);
        }
      }
    }
    ThreadPool pool(1);
    LuFactor lu(double_kernels(), pool);
    for (size_t j = 0; j < n; ++j) a[n / 2 * lda + j] = 0;
    CHECK(!lu.factor(a.data(), n, lda));
    a[0] = NAN;
    CHECK(!lu.factor(a.data(), n, lda));
  }
}
