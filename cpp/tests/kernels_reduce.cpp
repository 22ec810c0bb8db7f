#include <cmath>

#include "kernels_common.h"

using namespace nrw;
using namespace nrw::check;

TEST(vectors_of_every_length_and_alignment) {
  each_table([](const Kernels& table) {
    for (size_t n : kLengths) {
      for (size_t offset : {0u, 1u, 7u}) {
        Guarded x(n, 1, offset), y(n, 2, 3), sum(n, 2, offset), scaled(n, 2, offset);
        table.add(n, x.data(), sum.data());
        table.axpy(n, -1.5f, x.data(), scaled.data());
        CHECK_TABLE(table, sum.margins_kept() && scaled.margins_kept());
        double dot = 0, size = 0, squares = 0;
        for (size_t i = 0; i < n; ++i) {
          CHECK_TABLE(table, sum[i] == x[i] + y[i]);
          CHECK_CLOSE(scaled[i], y[i] - 1.5 * x[i], 1e-6);
          dot += static_cast<double>(x[i]) * y[i];
          size += std::fabs(static_cast<double>(x[i]) * y[i]);
          squares += static_cast<double>(x[i]) * x[i];
        }
        CHECK_CLOSE(table.dot(n, x.data(), y.data()), dot, size * 1e-6);
        CHECK_CLOSE(table.sum_squares(n, x.data()), squares, squares * 1e-14);
      }
    }
  });
}

TEST(sums_of_squares_are_in_double) {
  each_table([](const Kernels& table) {
    std::vector<float> x(1001, 1e-3f);
    x[0] = 1e4f;  // 1e8 + 1000 * 1e-6: lost in float
    CHECK_CLOSE(table.sum_squares(x.size(), x.data()), 1e8 + 1e-3, 1e-5);
    x[1000] = 1e30f;  // its square is no float
    CHECK_TABLE(table, std::isfinite(table.sum_squares(x.size(), x.data())));
    x[500] = kNan;
    CHECK_TABLE(table, std::isnan(table.sum_squares(x.size(), x.data())));
    CHECK_TABLE(table, std::isnan(table.dot(x.size(), x.data(), x.data())));
  });
}
