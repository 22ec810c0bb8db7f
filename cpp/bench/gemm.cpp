// Times the products and the packing of every table with one thread, and compares them with the measured peak of the
// same instruction set.
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"
#include "peak.h"
#include "timing.h"

using namespace nrw;

namespace {

struct Shape {
  size_t m, k, n;
};
// The products of an output tile (forward, gradient, back) and of small dense layers, batch 128 and 256.
constexpr Shape kShapes[] = {{128, 512, 256},  {256, 128, 512},  {128, 256, 512}, {256, 512, 128},
                             {512, 128, 512},  {512, 512, 512},  {128, 512, 64},  {128, 64, 512},
                             {1024, 1024, 64}, {1024, 1000, 64}, {1000, 1024, 64}};

struct Product {
  explicit Product(Shape shape)
      : shape(shape),
        a(shape.m * shape.k),
        b(shape.k * shape.n),
        c(shape.m * shape.n),
        packed(shape.k * ((shape.n + kPanel - 1) / kPanel * kPanel)) {
    for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 17) - 8;
    for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i % 13) - 6;
  }
  void pack(const Kernels& table, bool transposed) {
    table.pack_b(shape.k, shape.n, b.data(), transposed ? 1 : shape.n, transposed ? shape.k : 1, packed.data());
  }
  void multiply(const Kernels& table, bool transposed) {
    table.gemm(shape.m, shape.n, shape.k, a.data(), transposed ? 1 : shape.k, transposed ? shape.m : 1, packed.data(),
               c.data(), shape.n, false);
  }
  Shape shape;
  AlignedBuffer<float> a, b, c, packed;
};

// The values are small integers, so sums are exact, and every table must give the bits of the reference.
bool same_as_reference(const Kernels& table, const Kernels& reference, Shape shape) {
  Product tried(shape), wanted(shape);
  for (bool transposed : {false, true}) {
    tried.pack(table, transposed);
    tried.multiply(table, transposed);
    wanted.pack(reference, transposed);
    wanted.multiply(reference, transposed);
    if (std::memcmp(tried.c.data(), wanted.c.data(), tried.c.bytes()) != 0) return false;
  }
  return true;
}

}  // namespace

int main() {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  std::printf("one thread, f32, best (median) GFLOP/s and share of the FMA peak; packing of B in GB/s read\n");
  for (size_t t = 0; t < count; ++t) {
    const Kernels& table = *tables[t];
    const double peak = bench::peak_gflops(table.name);
    if (peak > 0) {
      std::printf("%s: FMA peak %.1f GFLOP/s\n", table.name, peak);
    } else {
      std::printf("%s\n", table.name);
    }
    for (const Shape shape : kShapes) {
      if (!same_as_reference(table, *tables[count - 1], shape)) {
        std::printf("%s differs from the reference at m %zu k %zu n %zu\n", table.name, shape.m, shape.k, shape.n);
        return 1;
      }
      Product product(shape);
      std::printf("  m %3zu k %3zu n %3zu", shape.m, shape.k, shape.n);
      for (bool transposed : {false, true}) {
        const bench::Seconds packing = bench::time([&] { product.pack(table, transposed); }, 0.01);
        const bench::Seconds multiplying = bench::time([&] { product.multiply(table, transposed); });
        const double gflop = 2e-9 * static_cast<double>(shape.m * shape.k * shape.n);
        std::printf("   %s %6.1f (%6.1f)", transposed ? "A^T" : "A", gflop / multiplying.best,
                    gflop / multiplying.median);
        if (peak > 0) std::printf(" %3.0f %%", 100 * gflop / multiplying.best / peak);
        std::printf("  pack %s %4.1f", transposed ? "B^T" : "B",
                    static_cast<double>(product.b.bytes()) * 1e-9 / packing.best);
      }
      std::printf("\n");
    }
  }
  return 0;
}
