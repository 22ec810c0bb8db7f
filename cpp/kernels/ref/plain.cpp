// The reference table. Tests compare the fast tables with it, and it runs on machines that can run none of them.
#include "kernels/ref/plain.h"

#include <algorithm>

#include "kernels/tables.h"

namespace nrw::plain {

namespace {

void pack_b(size_t k, size_t n, const float* b, size_t row_stride, size_t column_stride, float* packed) noexcept {
  for (size_t first = 0; first < n; first += kPanel) {
    const size_t columns = std::min(kPanel, n - first);
    for (size_t p = 0; p < k; ++p) {
      const float* row = b + p * row_stride + first * column_stride;
      for (size_t j = 0; j < columns; ++j) packed[j] = row[j * column_stride];
      std::fill(packed + columns, packed + kPanel, 0.0f);
      packed += kPanel;
    }
  }
}

// Each element of C is summed over p in rising order from 0, and then written or added.
void gemm(size_t m, size_t n, size_t k, const float* a, size_t row_stride, size_t column_stride, const float* packed,
          float* c, size_t ldc, bool accumulate) noexcept {
  for (size_t first = 0; first < n; first += kPanel) {
    const size_t columns = std::min(kPanel, n - first);
    for (size_t i = 0; i < m; ++i) {
      float sum[kPanel] = {};
      for (size_t p = 0; p < k; ++p) {
        const float a_ip = a[i * row_stride + p * column_stride];
        for (size_t j = 0; j < kPanel; ++j) sum[j] += a_ip * packed[p * kPanel + j];
      }
      float* row = c + i * ldc + first;
      for (size_t j = 0; j < columns; ++j) row[j] = accumulate ? row[j] + sum[j] : sum[j];
    }
    packed += k * kPanel;
  }
}

void gemm_ahead(size_t m, size_t n, size_t k, const float* a, size_t row_stride, size_t column_stride,
                const float* packed, float* c, size_t ldc, bool accumulate, const Ahead&) noexcept {
  gemm(m, n, k, a, row_stride, column_stride, packed, c, ldc, accumulate);
}

// body(place's line, place, value of its window, number of the value) for each.
template <class Body>
void each_value(const Windows& w, Body&& body) noexcept {
  for (size_t line = 0; line < w.lines; ++line) {
    for (size_t i = 0; i < w.places; ++i) {
      const float* const at = w.data + line * w.line_pitch + i * w.pitch;
      for (size_t p = 0; p < w.depth(); ++p) body(line, i, at[p / w.run * w.run_pitch + p % w.run], p);
    }
  }
}

void begin(const Windows& w, size_t n, const float* bias, const Places<float>& c) noexcept {
  for (size_t line = 0; line < w.lines; ++line) {
    for (size_t i = 0; i < w.places; ++i) {
      for (size_t j = 0; j < n; ++j) c.at(line, i)[j] = bias == nullptr ? 0 : bias[j];
    }
  }
}

void window_gemm(const Windows& w, size_t n, const float* packed, const float* bias, const Places<float>& c) noexcept {
  begin(w, n, bias, c);
  each_value(w, [&](size_t line, size_t i, float value, size_t p) {
    for (size_t j = 0; j < n; ++j) {
      c.at(line, i)[j] += value * packed[(j / kPanel * w.depth() + p) * kPanel + j % kPanel];
    }
  });
}

void window_dots(const Windows& w, size_t n, const float* b, const float* bias, const Places<float>& c) noexcept {
  begin(w, n, bias, c);
  each_value(w, [&](size_t line, size_t i, float value, size_t p) {
    for (size_t j = 0; j < n; ++j) c.at(line, i)[j] += value * b[j * w.depth() + p];
  });
}

void window_outer(const Windows& w, size_t n, const Places<const float>& y, float* c) noexcept {
  each_value(w, [&](size_t line, size_t i, float value, size_t p) {
    for (size_t j = 0; j < n; ++j) c[j * w.depth() + p] += y.at(line, i)[j] * value;
  });
}

void axpy(size_t n, float a, const float* x, float* y) noexcept {
  for (size_t i = 0; i < n; ++i) y[i] += a * x[i];
}

float dot(size_t n, const float* x, const float* y) noexcept {
  float sum = 0;
  for (size_t i = 0; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

double sum_squares(size_t n, const float* x) noexcept {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

void add(size_t n, const float* x, float* y) noexcept {
  for (size_t i = 0; i < n; ++i) y[i] += x[i];
}

}  // namespace

}  // namespace nrw::plain

namespace nrw {

const Kernels kPlainKernels = {
    .name = "plain",
    .pack_b = plain::pack_b,
    .gemm = plain::gemm,
    .gemm_ahead = plain::gemm_ahead,
    .small_gemm = nullptr,
    .window_gemm = plain::window_gemm,
    .window_dots = plain::window_dots,
    .window_outer = plain::window_outer,
    .axpy = plain::axpy,
    .dot = plain::dot,
    .sum_squares = plain::sum_squares,
    .add = plain::add,
    .column_moments = plain::column_moments,
    .column_products = plain::column_products,
    .normalise = plain::normalise,
    .normalise_backward = plain::normalise_backward,
    .activate = plain::activate,
    .activate_backward = plain::activate_backward,
    .update = plain::update,
};

}  // namespace nrw
