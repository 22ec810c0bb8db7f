// AMX: tdpbf16ps multiplies tiles of 16 x 32 and 32 x 16 and adds the product to 16 x 16 sums. Of the eight tile
// registers four hold sums, two hold A and two hold B. They are configured in each call and released at its end, so
// that a context switch does not have to save 8 KB of state.
#include <cstring>

#include "kernels/bf16/pack.h"
#include "kernels/bf16/tables.h"

namespace nrw {

namespace {

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64);
constexpr TileConfig kConfig;

// The compiler's intrinsics take only literal register numbers, not template parameters.
template <int kRegister>
inline void load_tile(const void* from, size_t row_bytes) noexcept {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(row_bytes), "i"(kRegister) : "memory");
}
template <int kRegister>
inline void store_tile(void* to, size_t row_bytes) noexcept {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(row_bytes), "i"(kRegister) : "memory");
}
template <int kRegister>
inline void zero_tile() noexcept {
  asm volatile("tilezero %%tmm%c0" ::"i"(kRegister));
}

struct Target {  // a block of C
  float* c;
  size_t ldc, rows, columns;
  bool accumulate;
};

// Register kSum has the rows from kRow and the columns from kColumn of the block. At the edges of C it is copied
// through a whole tile.
template <int kSum, size_t kRow, size_t kColumn>
inline void start(const Target& to) noexcept {
  if (!to.accumulate) {
    zero_tile<kSum>();
    return;
  }
  const float* c = to.c + kRow * to.ldc + kColumn;
  if (to.rows >= kRow + 16 && to.columns >= kColumn + 16) {
    load_tile<kSum>(c, to.ldc * sizeof(float));
    return;
  }
  alignas(64) float edge[16][16] = {};
  for (size_t i = 0; i < at_most(to.rows - kRow, 16); ++i) {
    std::memcpy(edge[i], c + i * to.ldc, at_most(to.columns - kColumn, 16) * sizeof(float));
  }
  load_tile<kSum>(edge, 64);
}

template <int kSum, size_t kRow, size_t kColumn>
inline void finish(const Target& to) noexcept {
  float* c = to.c + kRow * to.ldc + kColumn;
  if (to.rows >= kRow + 16 && to.columns >= kColumn + 16) {
    store_tile<kSum>(c, to.ldc * sizeof(float));
    return;
  }
  alignas(64) float edge[16][16];
  store_tile<kSum>(edge, 64);
  for (size_t i = 0; i < at_most(to.rows - kRow, 16); ++i) {
    std::memcpy(c + i * to.ldc, edge[i], at_most(to.columns - kColumn, 16) * sizeof(float));
  }
}

// 16 kDown x 16 kAcross of C.
template <int kDown, int kAcross>
void block(const Target& to, size_t depth, const Bf16* a, const Bf16* b) noexcept {
  start<0, 0, 0>(to);
  if constexpr (kAcross == 2) start<1, 0, 16>(to);
  if constexpr (kDown == 2) start<2, 16, 0>(to);
  if constexpr (kDown == 2 && kAcross == 2) start<3, 16, 16>(to);
  for (size_t q = 0; q < depth; ++q) {
    load_tile<4>(a + q * kTile, 64);
    load_tile<6>(b + q * kTile, 64);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kAcross == 2) {
      load_tile<7>(b + (depth + q) * kTile, 64);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (kDown == 2) {
      load_tile<5>(a + (depth + q) * kTile, 64);
      _tile_dpbf16ps(2, 5, 6);
      if constexpr (kAcross == 2) _tile_dpbf16ps(3, 5, 7);
    }
  }
  finish<0, 0, 0>(to);
  if constexpr (kAcross == 2) finish<1, 0, 16>(to);
  if constexpr (kDown == 2) finish<2, 16, 0>(to);
  if constexpr (kDown == 2 && kAcross == 2) finish<3, 16, 16>(to);
}

void gemm(size_t m, size_t n, size_t k, const Bf16* a, const Bf16* b, float* c, size_t ldc, bool accumulate) noexcept {
  const size_t depth = tiles_of(k, kBf16Depth);
  _tile_loadconfig(&kConfig);
  for (size_t j = 0; j < n; j += 32) {
    const Bf16* panel = b + j / 16 * depth * kTile;
    for (size_t i = 0; i < m; i += 32) {
      const Target to{c + i * ldc + j, ldc, m - i, n - j, accumulate};
      const auto run =
          to.rows > 16 ? (to.columns > 16 ? block<2, 2> : block<2, 1>) : (to.columns > 16 ? block<1, 2> : block<1, 1>);
      run(to, depth, a + i / 16 * depth * kTile, panel);
    }
  }
  _tile_release();
}

}  // namespace

const Bf16Kernels kAmxBf16Kernels = {.name = "amx_bf16",
                                     .pack_rows = pack_rows,
                                     .pack_a_transposed = pack_a_transposed,
                                     .pack_b_transposed = pack_b_transposed,
                                     .gemm = gemm};

}  // namespace nrw
