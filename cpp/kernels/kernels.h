// The arithmetic of the hot loops, one table an instruction set. Single-threaded, noexcept, no allocation.
//
// Sameness: an output element's sum runs over k in one fixed order, whatever part of the matrix a call covers, so
// cutting m or n (at multiples of kPanel columns) among threads never changes a bit. Different tables may differ in the
// last bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nrw {

enum class Activation : uint32_t { kRelu, kLeakyRelu, kElu, kGelu, kSilu, kTanh, kSigmoid };
enum class OptimizerKind : uint32_t { kSgd, kAdam, kAdamW, kRmsprop, kRule };  // kRule: OptimizerStep::rule

// One update, its step-dependent factors worked out. PyTorch's formulas and order of operations.
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
  double values[4] = {};
  int moments() const noexcept {  // arrays of state a parameter has
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

// Memory that is wanted in cache soon: up to two ranges of `floats` each, NULL for none.
struct Ahead {
  const float* first = nullptr;
  const float* second = nullptr;
  size_t floats = 0;
};

struct Kernels {
  const char* name;  // "plain", "avx2", "avx512", "neon"

  // B (k x n, element (p, j) at b[p * row_stride + j * column_stride]) into panels of kPanel columns, the last one
  // padded with zeros; a panel's k * kPanel floats lie together, in an order of the table's own. Room for
  // k * round_up(n, kPanel) floats, aligned to 64.
  void (*pack_b)(size_t k, size_t n, const float* b, size_t row_stride, size_t column_stride, float* packed) noexcept;

  // C (m x n, leading dimension ldc) = A B, or += with accumulate. A's element (i, p) at a[i * row_stride + p *
  // column_stride]: one of its strides is 1, so A may be transposed. B packed.
  void (*gemm)(size_t m, size_t n, size_t k, const float* a, size_t row_stride, size_t column_stride,
               const float* packed, float* c, size_t ldc, bool accumulate) noexcept;

  // The same, and asks for `ahead` on the way, spread over the product's time.
  void (*gemm_ahead)(size_t m, size_t n, size_t k, const float* a, size_t row_stride, size_t column_stride,
                     const float* packed, float* c, size_t ldc, bool accumulate, const Ahead& ahead) noexcept;

  // The same bits from B as it is (element (p, j) at b[p * b_row_stride + j * b_column_stride]), for n <=
  // kSmallColumns, k <= kSmallDepth. NULL where a table has none.
  void (*small_gemm)(size_t m, size_t n, size_t k, const float* a, size_t row_stride, size_t column_stride,
                     const float* b, size_t b_row_stride, size_t b_column_stride, float* c, size_t ldc,
                     bool accumulate) noexcept;

  void (*axpy)(size_t n, float a, const float* x, float* y) noexcept;  // y += a x
  float (*dot)(size_t n, const float* x, const float* y) noexcept;
  double (*sum_squares)(size_t n, const float* x) noexcept;  // accumulated in double
  void (*add)(size_t n, const float* x, float* y) noexcept;  // y += x

  // y = f(x); d_x = d_y * f'(x). p: slope (leaky ReLU) or alpha (ELU). In place (y == x, d_x == d_y) is allowed.
  void (*activate)(Activation kind, size_t n, const float* x, float p, float* y) noexcept;
  void (*activate_backward)(Activation kind, size_t n, const float* x, const float* d_y, float p, float* d_x) noexcept;

  // w, s1, s2 by the gradient g * step.gradient_scale. s1, s2: moments as OptimizerStep::moments says, else NULL.
  // g == NULL: a gradient of zero.
  void (*update)(size_t n, const OptimizerStep& step, const float* g, float* w, float* s1, float* s2) noexcept;
};

// The table in use: the fastest this machine has, or the one NARROWS_ISA names (an unknown or absent one is an Error).
const Kernels& kernels();
// Why it was chosen and why no faster one: one line. And all tables this machine can run, the reference last.
const char* kernels_reason();
const Kernels* const* available_kernels(size_t* count) noexcept;

}  // namespace nrw
