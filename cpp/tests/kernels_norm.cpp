#include <cmath>

#include "kernels_common.h"

using namespace nrw;
using namespace nrw::check;

namespace {

// Widths around the lanes and the blocks of columns, with a pitch that is larger than the width.
template <class Body>
void each_size(Body body) {
  each_table([&](const Kernels& table) {
    for (const size_t width : kLengths) {
      if (width == 0) continue;
      for (const size_t rows : {0u, 1u, 2u, 7u}) body(table, rows, width);
    }
  });
}

}  // namespace

// Column by column in the order of the rows: the same bits as plain loops, which are added to what is there.
TEST(column_sums_are_those_of_plain_loops) {
  each_size([](const Kernels& table, size_t rows, size_t width) {
    const size_t pitch = width + 3;
    Guarded x(rows * pitch, 1, 1), d_y(rows * pitch, 2, 3), shift(width, 3, 5);
    std::vector<double> sum(width, 0.5), squares(width, 0.25), of_d_y(width, 2), products(width, -1);
    auto sum_w = sum, squares_w = squares, of_d_y_w = of_d_y, products_w = products;
    table.column_moments(rows, width, pitch, x.data(), shift.data(), sum.data(), squares.data());
    table.column_products(rows, width, pitch, d_y.data(), x.data(), shift.data(), of_d_y.data(), products.data());
    for (size_t j = 0; j < width; ++j) {
      double total[4] = {};
      for (size_t i = 0; i < rows; ++i) {
        const double moved = static_cast<double>(x[i * pitch + j]) - static_cast<double>(shift[j]);
        const double d = static_cast<double>(d_y[i * pitch + j]);
        total[0] += moved;
        total[1] += moved * moved;
        total[2] += d;
        total[3] += d * moved;
      }
      sum_w[j] += total[0], squares_w[j] += total[1], of_d_y_w[j] += total[2], products_w[j] += total[3];
    }
    CHECK_TABLE(table, sum == sum_w && squares == squares_w && of_d_y == of_d_y_w && products == products_w);
  });
}

TEST(rows_are_normalised_by_column) {
  each_size([](const Kernels& table, size_t rows, size_t width) {
    const size_t n = rows * width;
    Guarded x(n, 1, 1), d_y(n, 2, 3), mean(width, 3, 5), scale(width, 4), beta(width, 5, 7), b(width, 6, 1);
    Guarded y(n, 7, 2), d_x(n, 8, 9), in_place(n, 2, 3);
    table.normalise(rows, width, x.data(), mean.data(), scale.data(), beta.data(), y.data());
    table.normalise_backward(rows, width, x.data(), d_y.data(), mean.data(), scale.data(), beta.data(), b.data(),
                             d_x.data());
    table.normalise_backward(rows, width, x.data(), in_place.data(), mean.data(), scale.data(), beta.data(), b.data(),
                             in_place.data());
    CHECK_TABLE(table, y.margins_kept() && d_x.margins_kept() && in_place.margins_kept());
    CHECK_TABLE(table, same_bits(d_x.data(), in_place.data(), n));
    for (size_t i = 0; i < n; ++i) {
      const size_t j = i % width;
      const double moved = static_cast<double>(x[i]) - static_cast<double>(mean[j]);
      CHECK_CLOSE(y[i], moved * scale[j] + beta[j], 2e-6);
      CHECK_CLOSE(d_x[i], scale[j] * (static_cast<double>(d_y[i]) - beta[j] - moved * b[j]), 1e-5);
    }
  });
}
