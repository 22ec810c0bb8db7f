// The double kernels over a vector type V of an instruction set (V::kLanes doubles; load, store, broadcast, fma, add,
// zero). Included by one .cpp an instruction set, inside a namespace of its own.
// clang-format off
static void pack(size_t k, size_t n, const double* b, size_t row_stride, size_t column_stride, double* packed) noexcept {
  for (size_t first = 0; first < n; first += kPanel64) {
    const size_t width = n - first < kPanel64 ? n - first : kPanel64;
    const double* from = b + first * column_stride;
    if (row_stride == 1 && column_stride != 1) {  // B is a transpose: read it along its rows
      for (size_t j = 0; j < width; ++j) for (size_t p = 0; p < k; ++p) packed[p * kPanel64 + j] = from[p + j * column_stride];
    } else {
      for (size_t p = 0; p < k; ++p) for (size_t j = 0; j < width; ++j) packed[p * kPanel64 + j] = from[p * row_stride + j * column_stride];
    }
    for (size_t p = 0; p < k; ++p) for (size_t j = width; j < kPanel64; ++j) packed[p * kPanel64 + j] = 0;
    packed += k * kPanel64;
  }
}
// clang-format on

// Rows x (Vectors * V::kLanes) elements of C in registers. `width`: how many of these columns exist.
template <size_t Rows, size_t Vectors>
static inline void block(size_t k, const double* a, size_t row_stride, size_t column_stride, const double* panel,
                         double* c, size_t ldc, int sign, size_t width) noexcept {
  V sum[Rows][Vectors];
  for (size_t i = 0; i < Rows; ++i)
    for (size_t v = 0; v < Vectors; ++v) sum[i][v] = V::zero();
  for (size_t p = 0; p < k; ++p) {
    V b[Vectors];
    for (size_t v = 0; v < Vectors; ++v) b[v] = V::load(panel + p * kPanel64 + v * V::kLanes);
    for (size_t i = 0; i < Rows; ++i) {
      const V x = V::broadcast(a[i * row_stride + p * column_stride]);
      for (size_t v = 0; v < Vectors; ++v) sum[i][v] = V::fma(x, b[v], sum[i][v]);
    }
  }
  if (width >= Vectors * V::kLanes) {
    for (size_t i = 0; i < Rows; ++i) {
      for (size_t v = 0; v < Vectors; ++v) {
        double* to = c + i * ldc + v * V::kLanes;
        if (sign > 0) sum[i][v] = V::add(V::load(to), sum[i][v]);
        if (sign < 0) sum[i][v] = V::sub(V::load(to), sum[i][v]);
        V::store(to, sum[i][v]);
      }
    }
    return;
  }
  alignas(64) double row[Vectors * V::kLanes];
  for (size_t i = 0; i < Rows; ++i) {
    for (size_t v = 0; v < Vectors; ++v) V::store(row + v * V::kLanes, sum[i][v]);
    for (size_t j = 0; j < width; ++j) {
      double& to = c[i * ldc + j];
      to = sign > 0 ? to + row[j] : sign < 0 ? to - row[j] : row[j];
    }
  }
}

template <size_t Rows>
static inline void strip(size_t n, size_t k, const double* a, size_t row_stride, size_t column_stride,
                         const double* packed, double* c, size_t ldc, int sign) noexcept {
  constexpr size_t kWidth = kVectors * V::kLanes;
  for (size_t first = 0; first < n; first += kWidth) {
    const double* panel = packed + first / kPanel64 * k * kPanel64 + first % kPanel64;
    block<Rows, kVectors>(k, a, row_stride, column_stride, panel, c + first, ldc, sign, n - first);
  }
}

static void gemm(size_t m, size_t n, size_t k, const double* a, size_t row_stride, size_t column_stride,
                 const double* packed, double* c, size_t ldc, int sign) noexcept {
  // Panel by panel, so that a panel (k x kPanel64) stays in cache while all rows pass over it.
  for (size_t first = 0; first < n; first += kPanel64) {
    const size_t width = n - first < kPanel64 ? n - first : kPanel64;
    const double* panel = packed + first * k;
    size_t i = 0;
    for (; i + kRows <= m; i += kRows) {
      strip<kRows>(width, k, a + i * row_stride, row_stride, column_stride, panel, c + i * ldc + first, ldc, sign);
    }
    for (; i + 2 <= m; i += 2) {
      strip<2>(width, k, a + i * row_stride, row_stride, column_stride, panel, c + i * ldc + first, ldc, sign);
    }
    if (i < m) strip<1>(width, k, a + i * row_stride, row_stride, column_stride, panel, c + i * ldc + first, ldc, sign);
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
