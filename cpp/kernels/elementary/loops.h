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

// -87 <= x <= 88. x = n ln 2 + r, |r| <= ln 2 / 2, with ln 2 in two parts of which the first times n is exact; e^r by
// its series.
NRW_INLINE float exp_of(float x) noexcept {
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
  // In a loop of their own: in one loop compilers turn the limits into branches to constant results, and not into
  // vectors.
  constexpr size_t kSome = 256;
  float within[kSome];
  for (size_t first = 0; first < n; first += kSome) {
    const size_t some = n - first < kSome ? n - first : kSome;
    for (size_t i = 0; i < some; ++i) {
      const float least = x[first + i] < -87.0f ? -87.0f : x[first + i];
      within[i] = least > 88.0f ? 88.0f : least;
    }
    for (size_t i = 0; i < some; ++i) y[first + i] = exp_of(within[i]);
  }
}
void log(size_t n, const float* __restrict x, float* __restrict y) noexcept {
  for (size_t i = 0; i < n; ++i) y[i] = log_of(x[i]);
}
void log1p(size_t n, const float* __restrict x, float* __restrict y) noexcept {
  for (size_t i = 0; i < n; ++i) y[i] = log1p_of(x[i]);
}

// Philox4x32-10 of four counters at once: each lane holds a word in its low half, and what is in the high half is
// without effect.
typedef uint64_t Lanes __attribute__((vector_size(32)));

NRW_INLINE Lanes low_product(Lanes a, uint32_t factor) noexcept {
#if defined(__AVX2__)
  return (Lanes)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(factor));
#else
  return (a & 0xFFFFFFFFu) * uint64_t{factor};
#endif
}

NRW_INLINE void philox_lanes(uint64_t key, Lanes (&c)[4]) noexcept {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const Lanes p0 = low_product(c[0], 0xD2511F53u), p1 = low_product(c[2], 0xCD9E8D57u);
    c[0] = (p1 >> 32) ^ c[1] ^ uint64_t { k0 };
    c[2] = (p0 >> 32) ^ c[3] ^ uint64_t { k1 };
    c[1] = p1;
    c[3] = p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

void philox_words(uint64_t key, uint64_t high, uint64_t first, size_t blocks, uint32_t* words) noexcept {
  constexpr size_t kBlocks = 4;
  for (size_t block = 0; block < blocks; block += kBlocks) {
    const Lanes counter = Lanes{0, 1, 2, 3} + (first + block);
    Lanes c[4] = {counter, counter >> 32, Lanes{} + high, Lanes{} + (high >> 32)};
    philox_lanes(key, c);
    const Lanes one = (c[0] & 0xFFFFFFFFu) | c[1] << 32, two = (c[2] & 0xFFFFFFFFu) | c[3] << 32;
    const uint64_t pairs[2 * kBlocks] = {one[0], two[0], one[1], two[1], one[2], two[2], one[3], two[3]};
    const size_t left = blocks - block;
    __builtin_memcpy(words + 4 * block, pairs, 4 * sizeof(uint32_t) * (left < kBlocks ? left : kBlocks));
  }
}

// cos and sin of 2 pi b / 2^32, b as a signed number: the nearest quarter of a turn is taken off, and within an eighth
// the series are exact to a float.
NRW_INLINE void turn(uint32_t b, float* cosine, float* sine) noexcept {
  const float t = static_cast<float>(static_cast<int32_t>(b)) * 0x1p-32f;
  const float shifted = t * 4.0f + 0x1.8p23f;
  const int32_t quarter = as_bits(shifted);  // the number of quarters in its low bits
  const float x = (t - (shifted - 0x1.8p23f) * 0.25f) * 6.283185307f, square = x * x;
  float s = 1.0f / 362880;
  s = s * square - 1.0f / 5040;
  s = s * square + 1.0f / 120;
  s = s * square - 1.0f / 6;
  s = s * square * x + x;
  float c = 1.0f / 40320;
  c = c * square - 1.0f / 720;
  c = c * square + 1.0f / 24;
  c = c * square - 0.5f;
  c = c * square + 1.0f;
  const bool odd = (quarter & 1) != 0;
  const float along = odd ? s : c, across = odd ? c : s;
  *cosine = as_float(as_bits(along) ^ (((quarter + 1) & 2) << 30));
  *sine = as_float(as_bits(across) ^ ((quarter & 2) << 30));
}

void normals(size_t n, const uint32_t* __restrict words, float* __restrict y) noexcept {
  for (size_t i = 0; i < n; i += 2) {
    // In (0, 1], with 31 bits where it is small.
    const float u = (static_cast<float>(static_cast<int32_t>(words[i] >> 1)) + 0.5f) * 0x1p-31f;
    const float r = __builtin_sqrtf(-2.0f * log_of(u));
    float cosine, sine;
    turn(words[i + 1], &cosine, &sine);
    y[i] = r * cosine;
    y[i + 1] = r * sine;
  }
}
