// The products over windows, of every table, against sums in double; and that nothing outside of their arrays is
// touched.
#include <cmath>

#include "kernels_common.h"

using namespace nrw;
using namespace nrw::check;

namespace {

struct Case {
  size_t lines, places, pitch, runs, run, run_pitch, line_pitch;
};
// A signal, one with stride 2, a dilated one, images of short and long lines, a window longer than a part of a sum.
const Case kCases[] = {{1, 37, 3, 1, 21, 0, 0}, {1, 130, 2, 1, 7, 0, 0},      {1, 26, 16, 5, 16, 32, 0},
                       {5, 9, 3, 3, 9, 33, 33}, {3, 28, 16, 3, 48, 480, 480}, {2, 7, 32, 2, 130, 700, 350},
                       {1, 1, 1, 1, 1, 0, 0},   {4, 13, 64, 1, 64, 0, 832}};

// The windows that `size` floats hold, and those floats.
struct Given {
  explicit Given(const Case& c)
      : size((c.lines - 1) * c.line_pitch + (c.places - 1) * c.pitch + (c.runs - 1) * c.run_pitch + c.run),
        values(size, 1),
        windows{values.data(), c.lines, c.places, c.line_pitch, c.pitch, c.runs, c.run, c.run_pitch} {}
  float at(size_t place, size_t p) {
    return values[place / windows.places * windows.line_pitch + place % windows.places * windows.pitch +
                  p / windows.run * windows.run_pitch + p % windows.run];
  }
  size_t places() const { return windows.lines * windows.places; }

  size_t size;
  Guarded values;
  Windows windows;
};

// Sums of n products of normal draws.
bool close(float got, double wanted, size_t n) {
  return std::fabs(static_cast<double>(got) - wanted) <= 1e-6 * static_cast<double>(n) + 1e-5;
}

}  // namespace

TEST(windows_times_weights) {
  for (const Case& c : kCases) {
    Given x(c);
    const size_t depth = x.windows.depth();
    for (const size_t n : {1u, 2u, 3u, 4u, 5u, 16u, 17u, 40u, 70u}) {
      const size_t pitch = n + 3, line = x.windows.places * pitch + 5, size = x.windows.lines * line;
      Guarded b(n * depth, 2), bias(n, 3);
      AlignedBuffer<float> packed(depth * ((n + kPanel - 1) / kPanel * kPanel));
      each_table([&](const Kernels& table) {
        table.pack_b(depth, n, b.data(), 1, depth, packed.data());
        for (const bool dots : {false, true}) {
          if (dots && n > kFewFilters) continue;
          for (const bool biased : {false, true}) {
            Guarded out(size, 4, 1);
            const Guarded before(size, 4, 1);
            (dots ? table.window_dots : table.window_gemm)(x.windows, n, dots ? b.data() : packed.data(),
                                                           biased ? bias.data() : nullptr, {out.data(), line, pitch});
            CHECK_TABLE(table, out.margins_kept());
            for (size_t place = 0; place < x.places(); ++place) {
              const size_t at = place / x.windows.places * line + place % x.windows.places * pitch;
              for (size_t j = 0; j < n; ++j) {
                double sum = biased ? static_cast<double>(bias[j]) : 0;
                for (size_t p = 0; p < depth; ++p) {
                  sum += static_cast<double>(x.at(place, p)) * static_cast<double>(b[j * depth + p]);
                }
                CHECK_TABLE(table, close(out[at + j], sum, depth));
              }
              for (size_t j = n; j < pitch; ++j)
                CHECK_TABLE(table, out[at + j] == const_cast<Guarded&>(before)[at + j]);
            }
          }
        }
      });
    }
  }
}

TEST(weights_of_windows) {
  for (const Case& c : kCases) {
    Given x(c);
    const size_t depth = x.windows.depth();
    for (const size_t n : {1u, 3u, 6u, 13u, 16u, 31u}) {
      const size_t pitch = n + 2, line = x.windows.places * pitch + 1, size = x.windows.lines * line;
      Guarded y(size, 5);
      each_table([&](const Kernels& table) {
        Guarded out(n * depth, 6, 3), before(n * depth, 6, 3);
        table.window_outer(x.windows, n, {y.data(), line, pitch}, out.data());
        CHECK_TABLE(table, out.margins_kept());
        for (size_t j = 0; j < n; ++j) {
          for (size_t p = 0; p < depth; ++p) {
            double sum = static_cast<double>(before[j * depth + p]);
            for (size_t place = 0; place < x.places(); ++place) {
              const size_t at = place / x.windows.places * line + place % x.windows.places * pitch;
              sum += static_cast<double>(y[at + j]) * static_cast<double>(x.at(place, p));
            }
            CHECK_TABLE(table, close(out[j * depth + p], sum, x.places()));
          }
        }
      });
    }
  }
}
