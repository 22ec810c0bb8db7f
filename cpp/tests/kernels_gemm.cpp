#include <cmath>

#include "kernels_common.h"

using namespace nrw;
using namespace nrw::check;

namespace {

constexpr size_t round_up(size_t n) { return (n + kPanel - 1) / kPanel * kPanel; }

AlignedBuffer<float> packed_for(size_t k, size_t n) {
  AlignedBuffer<float> packed(k * round_up(n));
  for (float& value : packed) value = kNan;  // the padding has to be written
  return packed;
}

struct Layout {  // of a rows x columns matrix
  size_t row_stride, column_stride, size;
};
Layout row_major(size_t rows, size_t columns, size_t gap) { return {columns + gap, 1, rows * (columns + gap)}; }
Layout column_major(size_t rows, size_t columns, size_t gap) { return {1, rows + gap, columns * (rows + gap)}; }

// One product in every layout of A and B, against a loop in double.
void check_product(const Kernels& table, size_t m, size_t n, size_t k, bool accumulate) {
  for (int layouts = 0; layouts < 4; ++layouts) {
    const size_t gap = layouts;
    const Layout of_a = (layouts & 1) != 0 ? column_major(m, k, gap) : row_major(m, k, gap);
    const Layout of_b = (layouts & 2) != 0 ? column_major(k, n, gap) : row_major(k, n, gap);
    const size_t ldc = n + 3;
    Guarded a(of_a.size, 1, 1), b(of_b.size, 2, 3), c(m * ldc, 3, 1), before(m * ldc, 3, 1);
    for (size_t i = 0; i < m; ++i) {
      for (size_t j = n; j < ldc; ++j) c[i * ldc + j] = 77;
      if (accumulate) continue;
      for (size_t j = 0; j < n; ++j) c[i * ldc + j] = kNan;  // must not be read
    }
    AlignedBuffer<float> packed = packed_for(k, n);
    table.pack_b(k, n, b.data(), of_b.row_stride, of_b.column_stride, packed.data());
    for (const float value : packed) CHECK_TABLE(table, !std::isnan(value));
    table.gemm(m, n, k, a.data(), of_a.row_stride, of_a.column_stride, packed.data(), c.data(), ldc, accumulate);
    CHECK_TABLE(table, c.margins_kept());
    for (size_t i = 0; i < m; ++i) {
      for (size_t j = 0; j < n; ++j) {
        double sum = accumulate ? before[i * ldc + j] : 0, size = std::fabs(sum);
        for (size_t p = 0; p < k; ++p) {
          const double term = static_cast<double>(a[i * of_a.row_stride + p * of_a.column_stride]) *
                              static_cast<double>(b[p * of_b.row_stride + j * of_b.column_stride]);
          sum += term;
          size += std::fabs(term);
        }
        const double error = std::fabs(c[i * ldc + j] - sum);
        CHECK_TABLE(table, error <= size * (static_cast<double>(k) + 1) * 0x1p-24);
      }
      for (size_t j = n; j < ldc; ++j) CHECK_TABLE(table, c[i * ldc + j] == 77);
    }
  }
}

}  // namespace

TEST(gemm_edges_of_m_and_n) {
  each_table([](const Kernels& table) {
    for (size_t m : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 13u}) {
      for (size_t n : {1u, 4u, 8u, 15u, 16u, 17u, 31u, 32u, 33u, 48u, 49u, 63u, 64u, 65u, 130u}) {
        check_product(table, m, n, 9, n % 2 == 0);
      }
    }
  });
}

TEST(gemm_edges_of_k) {
  each_table([](const Kernels& table) {
    for (size_t k : kLengths) check_product(table, 8, 20, k, k % 3 == 0);
    for (size_t k : {255u, 256u, 257u, 300u, 511u, 513u}) {
      check_product(table, 7, 70, k, false);
      check_product(table, 7, 70, k, true);
    }
  });
}

TEST(gemm_many_rows) {
  each_table([](const Kernels& table) { check_product(table, 401, 24, 17, true); });
}

// Strides of a power of two, whose lines share sets of a cache.
TEST(gemm_strides_of_a_power_of_two) {
  each_table([](const Kernels& table) {
    check_product(table, 255, 40, 256, true);   // by rows 256, by columns 255 + 1
    check_product(table, 255, 40, 300, false);  // by columns 255 + 1
    check_product(table, 13, 70, 512, false);   // by rows 512
  });
}

TEST(gemm_of_nothing) {
  each_table([](const Kernels& table) {
    float c[4] = {1, 2, 3, 4};
    table.gemm(2, 2, 0, nullptr, 1, 1, nullptr, c, 2, true);
    CHECK_TABLE(table, c[0] == 1 && c[3] == 4);
    table.gemm(0, 2, 3, nullptr, 1, 1, nullptr, c, 2, false);
    table.gemm(2, 0, 3, nullptr, 1, 1, nullptr, c, 2, false);
    CHECK_TABLE(table, c[0] == 1 && c[3] == 4);
    table.gemm(2, 2, 0, nullptr, 1, 1, nullptr, c, 2, false);
    CHECK_TABLE(table, c[0] == 0 && c[3] == 0);
  });
}

// An element's bits may not depend on which part of C a call covers, nor on A's layout.
TEST(gemm_bits_do_not_depend_on_the_cut) {
  const size_t m = 45, n = 200, k = 333;
  Guarded a(m * k, 1), b(k * n, 2), start(m * n, 3);
  std::vector<float> a_transposed(m * k);
  for (size_t i = 0; i < m; ++i) {
    for (size_t p = 0; p < k; ++p) a_transposed[p * m + i] = a[i * k + p];
  }
  each_table([&](const Kernels& table) {
    AlignedBuffer<float> packed = packed_for(k, n);
    table.pack_b(k, n, b.data(), n, 1, packed.data());
    std::vector<float> whole(start.data(), start.data() + m * n);
    table.gemm(m, n, k, a.data(), k, 1, packed.data(), whole.data(), n, true);
    size_t cuts = 0;
    for (size_t rows : {1u, 4u, 6u, 7u, 45u}) {
      for (size_t columns : {64u, 128u, 256u}) {
        for (bool transposed : {false, true}) {
          std::vector<float> parts(start.data(), start.data() + m * n);
          for (size_t i = 0; i < m; i += rows) {
            for (size_t j = 0; j < n; j += columns) {
              const float* from = transposed ? a_transposed.data() + i : a.data() + i * k;
              table.gemm(std::min(rows, m - i), std::min(columns, n - j), k, from, transposed ? 1 : k,
                         transposed ? m : 1, packed.data() + j * k, parts.data() + i * n + j, n, true);
            }
          }
          CHECK_TABLE(table, same_bits(parts.data(), whole.data(), m * n));
          ++cuts;
        }
      }
    }
    CHECK(cuts == 30);
  });
}

// What is asked for on the way is neither changed nor part of the product, whatever its length.
TEST(gemm_ahead_is_gemm) {
  const size_t m = 20, n = 70, k = 150;
  Guarded a(m * k, 1), b(k * n, 2), wanted(5000, 3);
  const std::vector<float> before(wanted.data(), wanted.data() + 5000);
  each_table([&](const Kernels& table) {
    AlignedBuffer<float> packed = packed_for(k, n);
    table.pack_b(k, n, b.data(), n, 1, packed.data());
    std::vector<float> expected(m * n), c(m * n);
    table.gemm(m, n, k, a.data(), k, 1, packed.data(), expected.data(), n, false);
    for (const size_t floats : {0u, 1u, 17u, 5000u}) {
      for (const Ahead& ahead : {Ahead{wanted.data(), nullptr, floats}, Ahead{nullptr, wanted.data(), floats}}) {
        table.gemm_ahead(m, n, k, a.data(), k, 1, packed.data(), c.data(), n, false, ahead);
        CHECK_TABLE(table, same_bits(c.data(), expected.data(), m * n));
      }
    }
  });
  CHECK(same_bits(wanted.data(), before.data(), 5000));
}

// The product without packing has the packed one's very bits, in every layout; sizes that a specialised build may know.
TEST(small_gemm_has_the_bits_of_gemm) {
  size_t compared = 0;
  each_table([&](const Kernels& table) {
    if (table.small_gemm == nullptr) return;
    for (size_t m : {1u, 3u, 4u, 5u, 8u, 11u}) {
      for (size_t n : {1u, 2u, 7u, 8u, 9u, 15u, 16u}) {
        for (size_t k : {0u, 1u, 2u, 4u, 8u, 33u, 64u}) {
          for (int layouts = 0; layouts < 8; ++layouts) {
            const size_t gap = layouts & 3, ldc = n + gap;
            const bool accumulate = (layouts & 4) != 0;
            const Layout of_a = (layouts & 1) != 0 ? column_major(m, k, gap) : row_major(m, k, gap);
            const Layout of_b = (layouts & 2) != 0 ? column_major(k, n, gap) : row_major(k, n, gap);
            Guarded a(of_a.size, 1, 1), b(of_b.size, 2, 3), c(m * ldc, 3, 1), wanted(m * ldc, 3, 1);
            AlignedBuffer<float> packed = packed_for(k, n);
            table.pack_b(k, n, b.data(), of_b.row_stride, of_b.column_stride, packed.data());
            table.gemm(m, n, k, a.data(), of_a.row_stride, of_a.column_stride, packed.data(), wanted.data(), ldc,
                       accumulate);
            table.small_gemm(m, n, k, a.data(), of_a.row_stride, of_a.column_stride, b.data(), of_b.row_stride,
                             of_b.column_stride, c.data(), ldc, accumulate);
            CHECK_TABLE(table, c.margins_kept());
            CHECK_TABLE(table, same_bits(c.data(), wanted.data(), m * ldc));
            ++compared;
          }
        }
      }
    }
  });
  size_t tables = 0;
  const Kernels* const* all = available_kernels(&tables);
  CHECK((compared > 0) == (all[0]->small_gemm != nullptr));
}

TEST(gemm_spreads_nan_in_its_row_only) {
  each_table([](const Kernels& table) {
    Guarded a(3 * 10, 1), b(10 * 70, 2);
    a[1 * 10 + 4] = kNan;
    AlignedBuffer<float> packed = packed_for(10, 70);
    table.pack_b(10, 70, b.data(), 70, 1, packed.data());
    std::vector<float> c(3 * 70);
    table.gemm(3, 70, 10, a.data(), 10, 1, packed.data(), c.data(), 70, false);
    for (size_t i = 0; i < c.size(); ++i) CHECK_TABLE(table, std::isnan(c[i]) == (i / 70 == 1));
  });
}
