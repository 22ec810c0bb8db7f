// Exponentials, logarithms and draws against double, on every table of this machine, whose bits must agree.
#include "kernels/elementary.h"

#include "base/philox.h"

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

TEST(elementary_philox) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  const uint64_t key = 0x123456789abcdef0u, high = 0xfedcba9876543210u;
  for (const uint64_t first : {uint64_t{0}, uint64_t{0xFFFFFFFE}}) {
    for (size_t blocks = 0; blocks < 11; ++blocks) {
      for (size_t t = 0; t < count; ++t) {
        std::vector<uint32_t> words(48, 7);
        elementary_kernels(*tables[t]).philox(key, high, first, blocks, words.data());
        for (size_t i = 0; i < blocks; ++i) {
          const uint64_t at = first + i;
          const auto expected = philox(key, {static_cast<uint32_t>(at), static_cast<uint32_t>(at >> 32),
                                             static_cast<uint32_t>(high), static_cast<uint32_t>(high >> 32)});
          for (size_t k = 0; k < 4; ++k) CHECK(words[4 * i + k] == expected[k]);
        }
        CHECK(words[4 * blocks] == 7);
      }
    }
  }
}

TEST(elementary_normals) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  std::vector<uint32_t> words{0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 1, 0x80000000, 0x7FFFFFFF, 0x40000000, 3, 0xC0000000};
  for (uint64_t i = 0; words.size() < 200000; ++i) {
    for (const uint32_t word : philox(9, {static_cast<uint32_t>(i), 0, 0, 0})) words.push_back(word);
  }
  std::vector<float> first;
  for (size_t t = 0; t < count; ++t) {
    std::vector<float> y(words.size());
    elementary_kernels(*tables[t]).normals(words.size(), words.data(), y.data());
    for (size_t i = 0; i < words.size(); i += 2) {
      const double u = (std::floor(words[i] / 2.0) + 0.5) * 0x1p-31, angle = 6.283185307179586 * words[i + 1] * 0x1p-32;
      const double r = std::sqrt(-2 * std::log(u));
      // Near 1, u has the 24 digits of a float.
      const double tolerance = 1e-6 * r + 6e-8 / r;
      CHECK_CLOSE(y[i], r * std::cos(angle), tolerance);
      CHECK_CLOSE(y[i + 1], r * std::sin(angle), tolerance);
    }
    if (first.empty()) first = y;
    CHECK(first == y);
  }
  // Moments of the standard normal distribution, within five standard errors.
  const double n = static_cast<double>(first.size());
  double sums[4] = {};
  for (const float value : first) {
    const double v = static_cast<double>(value);
    for (double power = v, *sum = sums; sum < sums + 4; ++sum, power *= v) *sum += power;
  }
  CHECK_CLOSE(sums[0] / n, 0, 5 * std::sqrt(1 / n));
  CHECK_CLOSE(sums[1] / n, 1, 5 * std::sqrt(2 / n));
  CHECK_CLOSE(sums[2] / n, 0, 5 * std::sqrt(15 / n));
  CHECK_CLOSE(sums[3] / n, 3, 5 * std::sqrt(96 / n));
}
