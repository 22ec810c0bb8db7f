// The loops of every table, in plain C++ that compilers turn into vector code: each table compiles them for its own
// instruction set. Included within an anonymous namespace.

NRW_INLINE float as_float(int32_t bits) noexcept {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}
NRW_INLINE int32_t as_bits(float value) noexcept {
  int32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

// x = n ln 2 + r, |r| <= ln 2 / 2, with ln 2 in two parts of which the first times n is exact; e^r by its series.
NRW_INLINE float exp_of(float x) noexcept {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float shifted = x * 1.44269504f + 0x1.8p23f;  // the nearest integer is in its low bits
  const float n = shifted - 0x1.8p23f;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float q = 1.0f / 5040;
  q = q * r + 1.0f / 720;
  q = q * r + 1.0f / 120;
  q = q * r + 1.0f / 24;
  q = q * r + 1.0f / 6;
  q = q * r + 0.5f;
  const float value = (q * r * r + r) + 1.0f;
  return value * as_float((as_bits(shifted) - as_bits(0x1.8p23f) + 127) << 23);
}

// x = 2^e m with m in [sqrt(1/2), sqrt(2)); log m = 2 artanh s, s = (m - 1) / (m + 1), by its series.
NRW_INLINE float log_of(float x) noexcept {
  constexpr int32_t kRoot = 0x3f3504f3;  // sqrt(1/2)
  const int32_t above = as_bits(x) - kRoot;
  const float e = static_cast<float>(above >> 23);
  const float m = as_float((above & 0x007fffff) + kRoot);
  const float f = m - 1.0f, s = f / (m + 1.0f), square = s * s;
  float q = 2.0f / 9;
  q = q * square + 2.0f / 7;
  q = q * square + 2.0f / 5;
  q = q * square + 2.0f / 3;
  // 2 s = f - s f, so that f keeps its digits
  const float log_m = f - s * (f - q * square);
  return e * 0.693359375f + (log_m + e * -2.12194440e-4f);
}

// The rounding of 1 + x is made good to first order.
NRW_INLINE float log1p_of(float x) noexcept {
  const float u = 1.0f + x;
  return log_of(u) + (x - (u - 1.0f)) / u;
}

void exp(size_t n, const float* __restrict x, float* __restrict y) noexcept {
  for (size_t i = 0; i < n; ++i) y[i] = exp_of(x[i]);
}
void log(size_t n, const float* __restrict x, float* __restrict y) noexcept {
  for (size_t i = 0; i < n; ++i) y[i] = log_of(x[i]);
}
void log1p(size_t n, const float* __restrict x, float* __restrict y) noexcept {
  for (size_t i = 0; i < n; ++i) y[i] = log1p_of(x[i]);
}
