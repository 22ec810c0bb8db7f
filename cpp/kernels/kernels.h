// The arithmetic of the inner loops, one table for each instruction set. All functions are single-threaded and noexcept
// and allocate nothing.
//
// Reproducibility: the order of an output element's sum over k is fixed, whatever part of the matrix a call covers. So
// the result does not depend on how m or n (at multiples of kPanel columns) is divided among threads. The results of
// different tables may differ in the last bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nrw {

enum class Activation : uint32_t { kRelu, kLeakyRelu, kElu, kGelu, kSilu, kTanh, kSigmoid };
enum class OptimizerKind : uint32_t { kSgd, kAdam, kAdamW, kRmsprop, kRule };  // kRule: OptimizerStep::rule

// One optimizer update with the factors of its step. Formulas and order of operations are PyTorch's.
struct OptimizerStep {
  OptimizerKind kind = OptimizerKind::kAdam;
  float learning_rate = 0;
  float weight_decay = 0;  // L2 added to the gradient; AdamW: decoupled
  float momentum = 0;      // SGD, RMSprop
  bool nesterov = false;
  double beta1 = 0.9;    // Adam. In double: 1 - 0.999f is 1.3e-5 away from 1 - 0.999
  double beta2 = 0.999;  // Adam; RMSprop's alpha
  float eps = 1e-8f;
  double step = 1;                  // t, from 1
  float bias_correction1 = 1;       // 1 - beta1^t
  float bias_correction2_sqrt = 1;  // sqrt(1 - beta2^t)
  float gradient_scale = 1;         // from clipping by norm
  // Of kRule: the update of n elements, as Kernels::update, with the arrays of state it has and settings of its own.
  void (*rule)(size_t n, const OptimizerStep& step, const float* g, float* w, float* s1, float* s2) noexcept = nullptr;
  int rule_moments = 0;
  bool rule_rests = false;  // whether a gradient of zero changes neither weights nor state
  double values[4] = {};
  int moments() const noexcept {  // the number of state arrays of a parameter
    switch (kind) {
      case OptimizerKind::kSgd:
        return momentum != 0 ? 1 : 0;
      case OptimizerKind::kRmsprop:
        return momentum != 0 ? 2 : 1;  // [square average, momentum buffer]
      case OptimizerKind::kRule:
        return rule_moments;
      default:
        return 2;  // [exp_avg, exp_avg_sq]
    }
  }
};

inline constexpr size_t kSmallColumns = 16, kSmallDepth = 64;  // the most that small_gemm takes
inline constexpr size_t kPanel = 64;                           // columns of a packed panel, on every instruction set

// Memory to prefetch: up to two ranges of `floats` floats each, NULL for none.
struct Ahead {
  const float* first = nullptr;
  const float* second = nullptr;
  size_t floats = 0;
};

// The windows of a convolution over one row with channels last, read where they lie. Place (line, i) has the values
// (run, q) at data[line * line_pitch + i * pitch + run * run_pitch + q], q < `run`, in this order.
struct Windows {
  const float* data = nullptr;
  size_t lines = 1, places = 0, line_pitch = 0, pitch = 0;  // places: of a line
  size_t runs = 1, run = 0, run_pitch = 0;
  size_t depth() const noexcept { return runs * run; }
};
// The values of the same places elsewhere: those of place (line, i) begin at data[line * line_pitch + i * pitch].
template <class Value>
struct Places {
  Value* data;
  size_t line_pitch, pitch;
  Value* at(size_t line, size_t i) const noexcept { return data + line * line_pitch + i * pitch; }
};
inline constexpr size_t kFewFilters = 4;  // the most that window_dots takes

struct Kernels {
  const char* name;  // "plain", "avx2", "avx512", "neon"

  // Packs B (k x n, element (p, j) at b[p * row_stride + j * column_stride]) into panels of kPanel columns, of which
  // the last is padded with zeros. The k * kPanel floats of a panel are contiguous, in an order that each table
  // chooses. `packed` has k * round_up(n, kPanel) floats and is aligned to 64 bytes.
  void (*pack_b)(size_t k, size_t n, const float* b, size_t row_stride, size_t column_stride, float* packed) noexcept;

  // C (m x n, leading dimension ldc) = A B, or C += A B if `accumulate` is set. A's element (i, p) is at
  // a[i * row_stride + p * column_stride], and one of the strides is 1, so A may be transposed. B is packed.
  void (*gemm)(size_t m, size_t n, size_t k, const float* a, size_t row_stride, size_t column_stride,
               const float* packed, float* c, size_t ldc, bool accumulate) noexcept;

  // The same, and prefetches `ahead` meanwhile, spread over the time of the product.
  void (*gemm_ahead)(size_t m, size_t n, size_t k, const float* a, size_t row_stride, size_t column_stride,
                     const float* packed, float* c, size_t ldc, bool accumulate, const Ahead& ahead) noexcept;

  // The same result, bit for bit, from an unpacked B (element (p, j) at b[p * b_row_stride + j * b_column_stride]), for
  // n <= kSmallColumns and k <= kSmallDepth. NULL if the table has no such function.
  void (*small_gemm)(size_t m, size_t n, size_t k, const float* a, size_t row_stride, size_t column_stride,
                     const float* b, size_t b_row_stride, size_t b_column_stride, float* c, size_t ldc,
                     bool accumulate) noexcept;

  // C (places x n) = W B + bias, where a row of W is a window. B (depth x n) is packed; bias (n) is NULL for none.
  void (*window_gemm)(const Windows& windows, size_t n, const float* packed, const float* bias,
                      const Places<float>& c) noexcept;
  // The same for n <= kFewFilters, with B's transpose (n x depth, not packed) and another order of sums.
  void (*window_dots)(const Windows& windows, size_t n, const float* b, const float* bias,
                      const Places<float>& c) noexcept;
  // C (n x depth) += Y^T W, Y (places x n).
  void (*window_outer)(const Windows& windows, size_t n, const Places<const float>& y, float* c) noexcept;

  void (*axpy)(size_t n, float a, const float* x, float* y) noexcept;  // y += a x
  float (*dot)(size_t n, const float* x, const float* y) noexcept;
  double (*sum_squares)(size_t n, const float* x) noexcept;  // accumulated in double
  void (*add)(size_t n, const float* x, float* y) noexcept;  // y += x

  // Of the columns of x (rows x width, `pitch` floats apart): sum[j] += sum of x - shift[j], squares[j] += that of its
  // squares, in double, by rising row.
  void (*column_moments)(size_t rows, size_t width, size_t pitch, const float* x, const float* shift, double* sum,
                         double* squares) noexcept;
  // The same of d_y and x: sum[j] += sum of d_y, products[j] += sum of d_y (x - mean[j]).
  void (*column_products)(size_t rows, size_t width, size_t pitch, const float* d_y, const float* x, const float* mean,
                          double* sum, double* products) noexcept;
  // Of rows x width: y = (x - mean) scale + beta; d_x = scale (d_y - a - (x - mean) b), in which d_x may be d_y. All
  // but these have a value for each column.
  void (*normalise)(size_t rows, size_t width, const float* x, const float* mean, const float* scale, const float* beta,
                    float* y) noexcept;
  void (*normalise_backward)(size_t rows, size_t width, const float* x, const float* d_y, const float* mean,
                             const float* scale, const float* a, const float* b, float* d_x) noexcept;

  // y = f(x); d_x = d_y * f'(x). p: slope (leaky ReLU) or alpha (ELU). In place (y == x, d_x == d_y) is allowed.
  void (*activate)(Activation kind, size_t n, const float* x, float p, float* y) noexcept;
  void (*activate_backward)(Activation kind, size_t n, const float* x, const float* d_y, float p, float* d_x) noexcept;

  // Updates w, s1 and s2 with the gradient g * step.gradient_scale; g == NULL stands for a gradient of zero. s1 and s2
  // are the state arrays, as many as OptimizerStep::moments says, and NULL otherwise.
  void (*update)(size_t n, const OptimizerStep& step, const float* g, float* w, float* s1, float* s2) noexcept;
};

// The table in use: the fastest one that this machine can run, or the one that NARROWS_ISA names. Throws
// NRW_UNSUPPORTED if that one is unknown or cannot be run.
const Kernels& kernels();
// One line that says why this table was chosen and not a faster one; and all tables that this machine can run, with the
// reference last.
const char* kernels_reason();
const Kernels* const* available_kernels(size_t* count) noexcept;

}  // namespace nrw
