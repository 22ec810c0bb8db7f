// The double kernels over a vector type V of an instruction set (V::kLanes doubles; load, store, broadcast, fma, add,
// zero) with blocks of kRows x (kVectors * kLanes) sums in registers. One .cpp for each instruction set includes this
// file inside a namespace of its own.
//
// A packed panel consists of contiguous slices of a block's width: [slice][k][kWidth]. Slices that are interleaved in
// rows of kPanel64 would use only a quarter of the sets of the first-level cache. k is cut at multiples of kDepth; each
// part is summed in rising order from 0 and then added to C, so that a part of a slice (AVX2: 16 KB) stays in the
// first-level cache while it is multiplied by all rows of A.
static constexpr size_t kWidth = kVectors * V::kLanes;
static constexpr size_t kDepth = 256;
static constexpr size_t kUnroll = 8;         // steps of k per iteration
static constexpr size_t kGroup = 4 * kRows;  // rows of A that are packed at once if A is a transpose
static_assert(kPanel64 % kWidth == 0);

static void pack(size_t k, size_t n, const double* b, size_t row_stride, size_t column_stride,
                 double* packed) noexcept {
  for (size_t first = 0; first < n; first += kPanel64) {
    for (size_t slice = first; slice < first + kPanel64; slice += kWidth, packed += k * kWidth) {
      if (slice >= n) continue;  // never read
      const size_t width = n - slice < kWidth ? n - slice : kWidth;
      const double* const from = b + slice * column_stride;
      if (width == kWidth && column_stride == 1) {
        for (size_t p = 0; p < k; ++p)
          for (size_t v = 0; v < kVectors; ++v)
            V::store(packed + p * kWidth + v * V::kLanes, V::load(from + p * row_stride + v * V::kLanes));
        continue;
      }
      for (size_t p = 0; p < k; ++p) {
        for (size_t j = 0; j < width; ++j) packed[p * kWidth + j] = from[p * row_stride + j * column_stride];
        for (size_t j = width; j < kWidth; ++j) packed[p * kWidth + j] = 0;
      }
    }
  }
}

// sum += column of A (Rows x 1) * row of B (1 x kWidth). A's first kRows / 2 rows at `a`, the others at `low`.
template <size_t Rows>
NRW_INLINE static void add_step(V (&sum)[Rows][kVectors], const double* a, const double* low, size_t row_stride,
                                const double* b) noexcept {
  V row[kVectors];
#pragma GCC unroll 8
  for (size_t v = 0; v < kVectors; ++v) row[v] = V::load(b + v * V::kLanes);
#pragma GCC unroll 8
  for (size_t i = 0; i < Rows; ++i) {
    const V x = V::broadcast(i < kRows / 2 ? a[i * row_stride] : low[(i - kRows / 2) * row_stride]);
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) sum[i][v] = V::add_product(x, row[v], sum[i][v]);
  }
}

// C (Rows x width) = or += or -= A (Rows x k) B (k x kWidth, contiguous); width <= kWidth columns of C exist. A's
// element (i, p) at a[i * row_stride + p], or in Packed form at a[p * Rows + i].
template <size_t Rows, bool Packed>
__attribute__((noinline)) static void block(size_t k, const double* a, size_t row_stride, const double* b, double* c,
                                            size_t ldc, int sign, size_t width) noexcept {
  V sum[Rows][kVectors];
#pragma GCC unroll 8
  for (size_t i = 0; i < Rows; ++i)
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) sum[i][v] = V::zero();
  if constexpr (Packed) row_stride = 1;
  const double* low = a + kRows / 2 * row_stride;
  size_t p = 0;
  for (; p + kUnroll <= k; p += kUnroll) {
#pragma GCC unroll 8
    for (size_t step = 0; step < kUnroll; ++step) {
      const size_t at = Packed ? step * Rows : step;
      keep(a), keep(low), keep(b), keep(row_stride);
      add_step<Rows>(sum, a + at, Packed ? a + at + kRows / 2 : low + at, Packed ? 1 : row_stride, b + step * kWidth);
    }
    a += Packed ? kUnroll * Rows : kUnroll;
    low += kUnroll;
    b += kUnroll * kWidth;
  }
  for (; p < k; ++p) {
    add_step<Rows>(sum, a, a + kRows / 2 * row_stride, row_stride, b);
    a += Packed ? Rows : 1;
    b += kWidth;
  }
  if (width >= kWidth) {
#pragma GCC unroll 8
    for (size_t i = 0; i < Rows; ++i) {
#pragma GCC unroll 8
      for (size_t v = 0; v < kVectors; ++v) {
        double* const to = c + i * ldc + v * V::kLanes;
        if (sign > 0) sum[i][v] = V::add(V::load(to), sum[i][v]);
        if (sign < 0) sum[i][v] = V::sub(V::load(to), sum[i][v]);
        V::store(to, sum[i][v]);
      }
    }
    return;
  }
  alignas(64) double row[Rows][kWidth];
#pragma GCC unroll 8
  for (size_t i = 0; i < Rows; ++i)
#pragma GCC unroll 8
    for (size_t v = 0; v < kVectors; ++v) V::store(row[i] + v * V::kLanes, sum[i][v]);
  for (size_t i = 0; i < Rows; ++i) {
    for (size_t j = 0; j < width; ++j) {
      double& to = c[i * ldc + j];
      to = sign > 0 ? to + row[i][j] : sign < 0 ? to - row[i][j] : row[i][j];
    }
  }
}

// Rows of the next strip: kRows. If one or two rows more than that are left, they are divided evenly, since blocks of
// few rows have too few sums to hide the latency of a fused multiply-add.
static size_t strip_rows(size_t left) noexcept {
  return left <= kRows ? left : left <= kRows + 2 ? (left + 1) / 2 : kRows;
}

template <bool Packed>
static void strip(size_t rows, size_t k, const double* a, size_t row_stride, const double* b, double* c, size_t ldc,
                  int sign, size_t width) noexcept {
  static_assert(kRows == 4 || kRows == 6);
  using Block = void (*)(size_t, const double*, size_t, const double*, double*, size_t, int, size_t) noexcept;
  static constexpr Block kBlocks[] = {
      block<1, Packed>,           block<2, Packed>, block<3, Packed>,           block<4, Packed>,
      block < kRows == 4 ? 4 : 5, Packed >,         block < kRows == 4 ? 4 : 6, Packed > };
  kBlocks[rows - 1](k, a, row_stride, b, c, ldc, sign, width);
}

static void gemm(size_t m, size_t n, size_t k, const double* a, size_t row_stride, size_t column_stride,
                 const double* packed, double* c, size_t ldc, int sign) noexcept {
  alignas(64) double group[kGroup * kDepth];  // some rows of A, strip by strip, if their elements are not contiguous
  const bool apart = column_stride != 1;
  for (size_t first = 0, rows; first < m; first += rows) {
    // Rows are packed in groups. The last group never has only one or two rows.
    const size_t left = m - first;
    rows = !apart || left <= kGroup ? left : left <= kGroup + 2 ? kGroup - kRows : kGroup;
    for (size_t p = 0; p == 0 || p < k; p += kDepth) {
      const size_t depth = k - p < kDepth ? k - p : kDepth;
      const double* const from = a + first * row_stride + p * column_stride;
      if (apart) {
        double* to = group;
        for (size_t i = 0, count; i < rows; i += count) {
          count = strip_rows(rows - i);
          for (size_t q = 0; q < depth; ++q)
            for (size_t r = 0; r < count; ++r) *to++ = from[(i + r) * row_stride + q * column_stride];
        }
      }
      const int how = p == 0 ? sign : sign < 0 ? -1 : 1;
      for (size_t j = 0; j < n; j += kWidth) {
        const double* const b = packed + j / kPanel64 * kPanel64 * k + j % kPanel64 * k + p * kWidth;
        double* const to = c + first * ldc + j;
        for (size_t i = 0, count; i < rows; i += count) {
          count = strip_rows(rows - i);
          if (apart) {
            strip<true>(count, depth, group + i * depth, 0, b, to + i * ldc, ldc, how, n - j);
          } else {
            strip<false>(count, depth, from + i * row_stride, row_stride, b, to + i * ldc, ldc, how, n - j);
          }
        }
      }
    }
  }
}

static double dot(size_t n, const double* x, const double* y) noexcept {
  V sum = V::zero();
  size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) sum = V::fma(V::load(x + i), V::load(y + i), sum);
  alignas(64) double lanes[V::kLanes];
  V::store(lanes, sum);
  double total = 0;
  for (size_t lane = 0; lane < V::kLanes; ++lane) total += lanes[lane];
  for (; i < n; ++i) total += x[i] * y[i];
  return total;
}
