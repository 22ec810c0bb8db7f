// The sparse kernels over a vector type V of the including file's instruction set. V lives in that file's unnamed
// namespace, so that nothing compiled here is shared with another file.
//   V::kLanes, V::Register (floats), V::Wide (as many doubles)
//   zero(), set1(f), load(p), store(p, v), load(p, count), store(p, v, count): the latter touch count < kLanes floats
//   add(a, b), mul(a, b), div(a, b), sqrt(a) (a >= 0), fma(a, b, c) = a b + c
//   add_products(a, b, wide&), add_wide(v, wide&), add(wide, wide&), sum(wide): in double, lanes in a fixed order
#pragma once

#include "kernels/sparse.h"

namespace nrw::vector_sparse {

// kVectors registers of y, summed over all entries before they are stored. If there is a tail, the last register has
// only `tail` elements.
template <class V, size_t kVectors, bool kTail>
void gather_block(size_t entries, const uint32_t* rows, const float* values, const float* x, size_t stride,
                  bool accumulate, float* y, size_t tail) noexcept {
  constexpr size_t kFull = kTail ? kVectors - 1 : kVectors;
  typename V::Register sum[kVectors];
  for (size_t v = 0; v < kFull; ++v) sum[v] = accumulate ? V::load(y + v * V::kLanes) : V::zero();
  if constexpr (kTail) sum[kFull] = accumulate ? V::load(y + kFull * V::kLanes, tail) : V::zero();
  for (size_t e = 0; e < entries; ++e) {
    const float* row = x + rows[e] * stride;
    const typename V::Register value = V::set1(values[e]);
    for (size_t v = 0; v < kFull; ++v) sum[v] = V::fma(value, V::load(row + v * V::kLanes), sum[v]);
    if constexpr (kTail) sum[kFull] = V::fma(value, V::load(row + kFull * V::kLanes, tail), sum[kFull]);
  }
  for (size_t v = 0; v < kFull; ++v) V::store(y + v * V::kLanes, sum[v]);
  if constexpr (kTail) V::store(y + kFull * V::kLanes, sum[kFull], tail);
}

// For so few entries that their values and positions stay in registers: one pass over y without an inner loop over the
// entries, whose end the processor would often predict wrongly.
template <class V, size_t kEntries, bool kAccumulate>
void gather_few(size_t n, const uint32_t* rows, const float* values, const float* x, size_t stride, float* y) noexcept {
  const float* row[kEntries];
  typename V::Register value[kEntries];
  for (size_t e = 0; e < kEntries; ++e) {
    row[e] = x + rows[e] * stride;
    value[e] = V::set1(values[e]);
  }
  const auto sums_at = [&]<size_t kVectors>(size_t i) {
    typename V::Register sum[kVectors];
    for (size_t v = 0; v < kVectors; ++v) sum[v] = kAccumulate ? V::load(y + i + v * V::kLanes) : V::zero();
    for (size_t e = 0; e < kEntries; ++e)
      for (size_t v = 0; v < kVectors; ++v) sum[v] = V::fma(value[e], V::load(row[e] + i + v * V::kLanes), sum[v]);
    for (size_t v = 0; v < kVectors; ++v) V::store(y + i + v * V::kLanes, sum[v]);
  };
  size_t i = 0;
  for (; i + 4 * V::kLanes <= n; i += 4 * V::kLanes) sums_at.template operator()<4>(i);
  for (; i + V::kLanes <= n; i += V::kLanes) sums_at.template operator()<1>(i);
  if (i < n) gather_block<V, 1, true>(kEntries, rows, values, x + i, stride, kAccumulate, y + i, n - i);
}

template <class V, bool kAccumulate>
bool gather_if_few(size_t n, size_t entries, const uint32_t* rows, const float* values, const float* x, size_t stride,
                   float* y) noexcept {
  switch (entries) {
    case 1:
      gather_few<V, 1, kAccumulate>(n, rows, values, x, stride, y);
      return true;
    case 2:
      gather_few<V, 2, kAccumulate>(n, rows, values, x, stride, y);
      return true;
    case 3:
      gather_few<V, 3, kAccumulate>(n, rows, values, x, stride, y);
      return true;
    case 4:
      gather_few<V, 4, kAccumulate>(n, rows, values, x, stride, y);
      return true;
    case 5:
      gather_few<V, 5, kAccumulate>(n, rows, values, x, stride, y);
      return true;
    case 6:
      gather_few<V, 6, kAccumulate>(n, rows, values, x, stride, y);
      return true;
    case 7:
      gather_few<V, 7, kAccumulate>(n, rows, values, x, stride, y);
      return true;
    case 8:
      gather_few<V, 8, kAccumulate>(n, rows, values, x, stride, y);
      return true;
    default:
      return false;
  }
}

template <class V>
void gather(size_t n, size_t entries, const uint32_t* rows, const float* values, const float* x, size_t stride,
            bool accumulate, float* y) noexcept {
  if (accumulate ? gather_if_few<V, true>(n, entries, rows, values, x, stride, y)
                 : gather_if_few<V, false>(n, entries, rows, values, x, stride, y)) {
    return;
  }
  constexpr size_t kBlock = 8 * V::kLanes;  // enough independent sums to hide the latency of a fused multiply-add
  size_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    gather_block<V, 8, false>(entries, rows, values, x + i, stride, accumulate, y + i, 0);
  }
  for (; i + 2 * V::kLanes <= n; i += 2 * V::kLanes) {
    gather_block<V, 2, false>(entries, rows, values, x + i, stride, accumulate, y + i, 0);
  }
  const size_t rest = n - i;
  if (rest > V::kLanes) {
    gather_block<V, 2, true>(entries, rows, values, x + i, stride, accumulate, y + i, rest - V::kLanes);
  } else if (rest == V::kLanes) {
    gather_block<V, 1, false>(entries, rows, values, x + i, stride, accumulate, y + i, 0);
  } else if (rest > 0) {
    gather_block<V, 1, true>(entries, rows, values, x + i, stride, accumulate, y + i, rest);
  }
}

template <class V>
ResidualSums residual(size_t m, float bias, size_t entries, const uint32_t* rows, const float* targets, float scale,
                      float* r) noexcept {
  for (size_t e = 0; e < entries; ++e) r[rows[e]] -= targets[e];
  const typename V::Register bias_v = V::set1(bias), scale_v = V::set1(scale);
  typename V::Wide squares{}, gradient{};
  size_t i = 0;
  for (; i + V::kLanes <= m; i += V::kLanes) {
    const typename V::Register error = V::add(V::load(r + i), bias_v);
    const typename V::Register scaled = V::mul(scale_v, error);
    V::add_products(error, error, squares);
    V::add_wide(scaled, gradient);
    V::store(r + i, scaled);
  }
  double squares_sum = V::sum(squares), gradient_sum = V::sum(gradient);
  for (; i < m; ++i) {
    const float error = r[i] + bias;
    squares_sum += static_cast<double>(error) * static_cast<double>(error);
    r[i] = scale * error;
    gradient_sum += static_cast<double>(r[i]);
  }
  return {squares_sum, static_cast<float>(gradient_sum)};
}

template <class V>
double dot(size_t n, const float* a, const float* b) noexcept {
  constexpr size_t kSums = 4;
  typename V::Wide sums[kSums]{};
  size_t i = 0;
  for (; i + kSums * V::kLanes <= n; i += kSums * V::kLanes) {
    for (size_t k = 0; k < kSums; ++k) {
      V::add_products(V::load(a + i + k * V::kLanes), V::load(b + i + k * V::kLanes), sums[k]);
    }
  }
  for (; i + V::kLanes <= n; i += V::kLanes) V::add_products(V::load(a + i), V::load(b + i), sums[0]);
  if (i < n) V::add_products(V::load(a + i, n - i), V::load(b + i, n - i), sums[1]);
  for (size_t k = 1; k < kSums; ++k) V::add(sums[k], sums[0]);
  return V::sum(sums[0]);
}

// Of kEntries rows at once, which share the loads of a. An entry's sum has the same order in blocks of any size.
template <class V, size_t kEntries>
void dots_block(size_t n, size_t rounds, const uint32_t* rows, const float* a, size_t a_step, const float* b,
                size_t b_step, size_t stride, bool accumulate, float* y) noexcept {
  typename V::Register even[kEntries], odd[kEntries];
  const float* row[kEntries];
  for (size_t e = 0; e < kEntries; ++e) {
    even[e] = odd[e] = V::zero();
    row[e] = b + rows[e] * stride;
  }
  for (size_t r = 0; r < rounds; ++r) {
    size_t i = 0;
    for (; i + 2 * V::kLanes <= n; i += 2 * V::kLanes) {
      const typename V::Register first = V::load(a + i), second = V::load(a + i + V::kLanes);
      for (size_t e = 0; e < kEntries; ++e) {
        even[e] = V::fma(first, V::load(row[e] + i), even[e]);
        odd[e] = V::fma(second, V::load(row[e] + i + V::kLanes), odd[e]);
      }
    }
    if (i + V::kLanes <= n) {
      for (size_t e = 0; e < kEntries; ++e) even[e] = V::fma(V::load(a + i), V::load(row[e] + i), even[e]);
      i += V::kLanes;
    }
    if (i < n) {
      for (size_t e = 0; e < kEntries; ++e) {
        odd[e] = V::fma(V::load(a + i, n - i), V::load(row[e] + i, n - i), odd[e]);
      }
    }
    a += a_step;
    for (size_t e = 0; e < kEntries; ++e) row[e] += b_step;
  }
  for (size_t e = 0; e < kEntries; ++e) {
    typename V::Wide sum{};
    V::add_wide(V::add(even[e], odd[e]), sum);
    y[e] = static_cast<float>(V::sum(sum)) + (accumulate ? y[e] : 0.0f);
  }
}

template <class V>
void dots(size_t n, size_t rounds, size_t entries, const uint32_t* rows, const float* a, size_t a_step, const float* b,
          size_t b_step, size_t stride, bool accumulate, float* y) noexcept {
  size_t e = 0;
  for (; e + 4 <= entries; e += 4) {
    dots_block<V, 4>(n, rounds, rows + e, a, a_step, b, b_step, stride, accumulate, y + e);
  }
  for (; e < entries; ++e) dots_block<V, 1>(n, rounds, rows + e, a, a_step, b, b_step, stride, accumulate, y + e);
}

// Elements [i, i + count), kTail: count < kLanes, else all lanes.
template <class V, bool kTail, bool kThree>
void catch_up_at(size_t i, size_t count, const CatchUp& c, const float* w, const float* s1, const float* s2,
                 float* w_out, float* s1_out, float* s2_out) noexcept {
  const auto load = [&](const float* p) {
    if constexpr (kTail) {
      return V::load(p + i, count);
    } else {
      return V::load(p + i);
    }
  };
  const auto store = [&](float* p, typename V::Register v) {
    if constexpr (kTail) {
      V::store(p + i, v, count);
    } else {
      V::store(p + i, v);
    }
  };
  const typename V::Register weight = load(w), first = s1 == nullptr ? V::zero() : load(s1);
  typename V::Register move;
  if (s2 != nullptr) {
    const typename V::Register square = load(s2), root = V::sqrt(square);
    // The sum is put over one common denominator, since the division takes most of the time if the row is in cache.
    // Offsets and weights are not negative, so nothing cancels.
    const typename V::Register a = V::add(root, V::set1(c.offset[0])), b = V::add(root, V::set1(c.offset[1]));
    const typename V::Register both = V::fma(V::set1(-c.weight[0]), b, V::mul(V::set1(-c.weight[1]), a));
    typename V::Register quotient = V::div(both, V::mul(a, b));
    if constexpr (kThree) {
      quotient = V::add(quotient, V::div(V::set1(-c.weight[2]), V::add(root, V::set1(c.offset[2]))));
    }
    move = V::mul(first, quotient);
    if (s2_out != nullptr) store(s2_out, V::mul(V::set1(c.decay2), square));
  } else {
    move = V::mul(V::set1(c.from_s1), first);
  }
  if (s1_out != nullptr) {
    store(s1_out, V::fma(V::set1(c.s1_from_w), weight, V::mul(V::set1(c.decay1), first)));
  }
  store(w_out, V::fma(V::set1(c.keep), weight, move));
}

template <class V, bool kThree>
void catch_up_nodes(size_t n, const CatchUp& missed, const float* w, const float* s1, const float* s2, float* w_out,
                    float* s1_out, float* s2_out) noexcept {
  const CatchUp c = missed;  // a copy, which stores cannot change, so that its numbers stay in registers
  size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) catch_up_at<V, false, kThree>(i, 0, c, w, s1, s2, w_out, s1_out, s2_out);
  if (i < n) catch_up_at<V, true, kThree>(i, n - i, c, w, s1, s2, w_out, s1_out, s2_out);
}

template <class V>
void catch_up(size_t n, const CatchUp& missed, const float* w, const float* s1, const float* s2, float* w_out,
              float* s1_out, float* s2_out) noexcept {
  if (missed.weight[2] != 0) {
    catch_up_nodes<V, true>(n, missed, w, s1, s2, w_out, s1_out, s2_out);
  } else {
    catch_up_nodes<V, false>(n, missed, w, s1, s2, w_out, s1_out, s2_out);
  }
}

}  // namespace nrw::vector_sparse
