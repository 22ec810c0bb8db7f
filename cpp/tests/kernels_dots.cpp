#include <cmath>

#include "kernels/sparse.h"
#include "kernels_common.h"

using namespace nrw;
using namespace nrw::check;

// Sums over rounds of products of rows, of every length and of numbers of entries around the blocks, with NaN behind.
TEST(dots_of_every_length_and_number_of_entries) {
  constexpr size_t kRounds = 3, kRows = 7;
  each_table([](const Kernels& kernels) {
    const SparseKernels& table = sparse_kernels(kernels);
    for (const size_t n : kLengths) {
      for (const size_t entries : {0u, 1u, 3u, 4u, 5u, 9u}) {
        const size_t stride = n + 3, a_step = n + 5, b_step = kRows * stride + 1;
        Guarded a(kRounds * a_step, 1, 1), b(kRounds * b_step, 2, 3), y(entries, 3), once(entries, 3);
        std::vector<uint32_t> rows(entries);
        for (size_t e = 0; e < entries; ++e) rows[e] = static_cast<uint32_t>((5 * e + 2) % kRows);
        for (const size_t rounds : {size_t{0}, size_t{1}, kRounds}) {
          table.dots(n, rounds, entries, rows.data(), a.data(), a_step, b.data(), b_step, stride, false, y.data());
          for (size_t e = 0; e < entries; ++e) {
            double sum = 0, size = 0;
            for (size_t r = 0; r < rounds; ++r) {
              for (size_t i = 0; i < n; ++i) {
                const double product = double(a[r * a_step + i]) * double(b[r * b_step + rows[e] * stride + i]);
                sum += product;
                size += std::fabs(product);
              }
            }
            CHECK_CLOSE(y[e], sum, size * 1e-6);
            // Alone, an entry has the bits that it has among others.
            float alone = 0;
            table.dots(n, rounds, 1, rows.data() + e, a.data(), a_step, b.data(), b_step, stride, false, &alone);
            CHECK_TABLE(kernels, same_bits(&alone, y.data() + e, 1));
            once[e] = y[e];
          }
          table.dots(n, rounds, entries, rows.data(), a.data(), a_step, b.data(), b_step, stride, true, y.data());
          for (size_t e = 0; e < entries; ++e) CHECK_TABLE(kernels, y[e] == once[e] + once[e]);
          CHECK_TABLE(kernels, y.margins_kept());
        }
      }
    }
  });
}
