// Every bf16 table against the reference: the same packed bits, sums within the error of their order.
#include "kernels/bf16.h"

#include <cmath>

#include "kernels_common.h"

using namespace nrw;
using namespace nrw::check;

namespace {

template <class Body>
void each_bf16_table(Body body) {
  size_t count = 0;
  const Bf16Kernels* const* tables = available_bf16_kernels(&count);
  CHECK(count >= 1 && std::string(tables[count - 1]->name) == "plain");
  for (size_t i = 0; i < count; ++i) body(*tables[i], *tables[count - 1]);
}

const size_t kSizes[] = {1, 2, 3, 15, 16, 17, 31, 32, 33, 50, 64, 65};

// A buffer whose old content is not zero: padding has to be written.
AlignedBuffer<Bf16> dirty(size_t size) {
  AlignedBuffer<Bf16> buffer(size);
  for (Bf16& value : buffer) value = 0x7fc0;
  return buffer;
}

bool same(const AlignedBuffer<Bf16>& a, const AlignedBuffer<Bf16>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

}  // namespace

TEST(bf16_rounding) {
  const float values[][2] = {{1.0f, 1.0f},
                             {1.00390625f, 1.0f},        // halfway: to the even one below
                             {1.01171875f, 1.015625f},   // halfway: to the even one above
                             {1.00390637f, 1.0078125f},  // just past halfway
                             {-1.00390637f, -1.0078125f},
                             {3.4e38f, kInfinity},
                             {1e-39f, 0.0f},
                             {kInfinity, kInfinity}};
  each_bf16_table([&](const Bf16Kernels& table, const Bf16Kernels&) {
    for (const auto& [from, expected] : values) {
      AlignedBuffer<Bf16> rows = dirty(bf16_packed_size(1, 1));
      table.pack_rows(1, 1, &from, 1, rows.data(), nullptr);
      const uint32_t bits = uint32_t{rows[0]} << 16;
      CHECK_TABLE(table, std::memcmp(&bits, &expected, 4) == 0);
    }
    AlignedBuffer<Bf16> rows = dirty(bf16_packed_size(1, 1));
    table.pack_rows(1, 1, &kNan, 1, rows.data(), nullptr);
    CHECK_TABLE(table, (rows[0] & 0x7fff) > 0x7f80);
  });
}

TEST(bf16_packing) {
  each_bf16_table([](const Bf16Kernels& table, const Bf16Kernels& plain) {
    for (const size_t m : kSizes) {
      for (const size_t k : kSizes) {
        const size_t stride = k + 3;
        Guarded matrix(m * stride, m * 100 + k, 1);
        const size_t a_size = bf16_packed_size(m, k), b_size = bf16_packed_size(k, m);
        AlignedBuffer<Bf16> rows = dirty(a_size), rows2 = dirty(a_size), only = dirty(a_size), b2 = dirty(a_size);
        AlignedBuffer<Bf16> pairs = dirty(b_size), pairs2 = dirty(b_size), a = dirty(b_size), a2 = dirty(b_size);
        AlignedBuffer<Bf16> b = dirty(a_size);
        plain.pack_rows(m, k, matrix.data(), stride, rows.data(), pairs.data());
        table.pack_rows(m, k, matrix.data(), stride, rows2.data(), pairs2.data());
        table.pack_rows(m, k, matrix.data(), stride, only.data(), nullptr);
        CHECK_TABLE(table, same(rows, rows2) && same(pairs, pairs2) && same(rows, only));
        plain.pack_a_transposed(k, m, matrix.data(), stride, a.data());
        table.pack_a_transposed(k, m, matrix.data(), stride, a2.data());
        CHECK_TABLE(table, same(a, a2));
        plain.pack_b_transposed(k, m, matrix.data(), stride, b.data());
        table.pack_b_transposed(k, m, matrix.data(), stride, b2.data());
        CHECK_TABLE(table, same(b, b2));
      }
    }
  });
}

TEST(bf16_products) {
  each_bf16_table([](const Bf16Kernels& table, const Bf16Kernels& plain) {
    for (const size_t m : kSizes) {
      for (const size_t n : kSizes) {
        for (const size_t k : {1, 2, 31, 33, 130}) {
          Guarded a_float(m * k, 1), b_float(n * k, 2);
          AlignedBuffer<Bf16> a = dirty(bf16_packed_size(m, k)), b = dirty(bf16_packed_size(n, k));
          table.pack_rows(m, k, a_float.data(), k, a.data(), nullptr);
          table.pack_b_transposed(k, n, b_float.data(), k, b.data());
          for (const bool accumulate : {false, true}) {
            const size_t ldc = n + 5;
            Guarded c((m - 1) * ldc + n, 3), expected((m - 1) * ldc + n, 3);
            plain.gemm(m, n, k, a.data(), b.data(), expected.data(), ldc, accumulate);
            table.gemm(m, n, k, a.data(), b.data(), c.data(), ldc, accumulate);
            float largest = 0;
            for (size_t i = 0; i < (m - 1) * ldc + n; ++i) {
              const float difference = std::fabs(c[i] - expected[i]);
              if (!(difference <= largest)) largest = difference;
            }
            // Up to 130 products of normal draws, added in another order.
            if (!(largest <= 4e-5f)) failed(__FILE__, __LINE__, format("%s: off by %g", table.name, largest));
            CHECK_TABLE(table, c.margins_kept());
          }
        }
      }
    }
  });
}
