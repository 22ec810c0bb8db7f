// The table of the instruction set whose vec.h was included before.
#pragma once

#include "kernels/simd/activation.h"
#include "kernels/simd/gemm.h"
#include "kernels/simd/norm.h"
#include "kernels/simd/pack.h"
#include "kernels/simd/reduce.h"
#include "kernels/simd/small.h"
#include "kernels/simd/update.h"
#include "kernels/simd/windows.h"
#include "kernels/tables.h"

namespace nrw {
namespace {

constexpr Kernels table(const char* name) noexcept {
  return {.name = name,
          .pack_b = pack_b,
          .gemm = gemm,
          .gemm_ahead = gemm_ahead,
          .small_gemm = small_gemm,
          .window_gemm = window_gemm,
          .window_dots = window_dots,
          .window_outer = window_outer,
          .axpy = axpy,
          .dot = dot,
          .sum_squares = sum_squares,
          .add = add,
          .column_moments = column_moments,
          .column_products = column_products,
          .normalise = normalise,
          .normalise_backward = normalise_backward,
          .activate = activate,
          .activate_backward = activate_backward,
          .update = update};
}

}  // namespace
}  // namespace nrw
