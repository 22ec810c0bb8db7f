// Exponentials and logarithms against double, on every table of this machine, whose bits must agree.
#include "kernels/elementary.h"

#include <vector>

#include "check.h"

using namespace nrw;

namespace {

template <class Truth>
void compare(const std::vector<float>& x, void (*ElementaryKernels::*function)(size_t, const float*, float*) noexcept,
             double tolerance, Truth&& truth) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  CHECK(count > 0);
  std::vector<float> first;
  for (size_t t = 0; t < count; ++t) {
    std::vector<float> y(x.size(), NAN);
    (elementary_kernels(*tables[t]).*function)(x.size(), x.data(), y.data());
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = truth(static_cast<double>(x[i]));
      CHECK_CLOSE(y[i], expected, tolerance * std::fabs(expected) + 1e-37);
    }
    if (first.empty()) first = y;
    CHECK(first == y);
    std::vector<float> tail(x.size(), NAN);
    for (size_t n = 0; n < 40; ++n) {  // lengths around lane widths write what they should and no more
      std::fill(tail.begin(), tail.end(), -7.0f);
      (elementary_kernels(*tables[t]).*function)(n, x.data() + 1, tail.data());
      for (size_t i = 0; i < n; ++i) CHECK(tail[i] == y[i + 1]);
      CHECK(tail[n] == -7.0f);
    }
  }
}

}  // namespace

TEST(elementary_exp) {
  std::vector<float> x;
  for (int i = -87 * 256; i <= 88 * 256; ++i) x.push_back(static_cast<float>(i) / 256 + 1e-4f);
  x.back() = 88;
  compare(x, &ElementaryKernels::exp, 2e-7, [](double v) { return std::exp(v); });
  compare(std::vector<float>(64, -1e30f), &ElementaryKernels::exp, 2e-7, [](double) { return std::exp(-87.0); });
  compare(std::vector<float>(64, 1e30f), &ElementaryKernels::exp, 2e-7, [](double) { return std::exp(88.0); });
}

TEST(elementary_log) {
  std::vector<float> x;
  for (double v = 1.2e-38; v < 3e38; v *= 1.003) x.push_back(static_cast<float>(v));
  for (int i = -2000; i <= 2000; ++i) x.push_back(1 + static_cast<float>(i) * 0x1p-20f);
  compare(x, &ElementaryKernels::log, 2.5e-7, [](double v) { return std::log(v); });
}

TEST(elementary_log1p) {
  std::vector<float> x{0};
  for (double v = 1e-30; v < 3e38; v *= 1.003) x.push_back(static_cast<float>(v));
  compare(x, &ElementaryKernels::log1p, 3e-7, [](double v) { return std::log1p(v); });
}
