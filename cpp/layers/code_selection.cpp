#include "layers/code_selection.h"

#include <cstring>
#include <functional>
#include <limits>

namespace nrw {

namespace {

constexpr size_t kMostGroups = 16;  // of units: each selects by itself
constexpr size_t kRowBlock = 128;   // rows of the product at a time

size_t groups_of(size_t units) noexcept { return std::clamp<size_t>(units / (4 * kPanel), 1, kMostGroups); }
// As many again as are kept: the k largest are looked for only once so many have come.
size_t room_of(size_t k) noexcept { return 2 * k + 16; }
size_t worker_floats(size_t in) noexcept { return 2 * in * kPanel + kRowBlock * kPanel; }

// A value above 0, or NaN, and its unit as one number: larger values first, then lower units.
uint64_t key_of(float value, size_t unit) noexcept {
  uint32_t bits = std::numeric_limits<uint32_t>::max();
  if (value == value) std::memcpy(&bits, &value, sizeof bits);
  return uint64_t{bits} << 32 | (~static_cast<uint32_t>(unit));
}
float value_of(uint64_t key) noexcept {
  const auto bits = static_cast<uint32_t>(key >> 32);
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
uint32_t unit_of(uint64_t key) noexcept { return ~static_cast<uint32_t>(key); }

}  // namespace

CodeSelection::CodeSelection(Products& products, size_t units, size_t in, size_t k)
    : products_(products), units_(units), in_(in), k_(k), room_(room_of(k)) {}

void CodeSelection::reserve(size_t rows, unsigned threads) {
  const size_t groups = groups_of(units_);
  candidates_.reserve(rows * groups * room_);
  held_.reserve(rows * groups);
  least_.reserve(rows * groups);
  space_.reserve(threads * worker_floats(in_));
}

size_t CodeSelection::bytes(size_t units, size_t in, size_t k, size_t rows, unsigned threads) noexcept {
  const size_t places = rows * groups_of(units);
  return places * (room_of(k) * sizeof(uint64_t) + 2 * sizeof(float)) + threads * worker_floats(in) * sizeof(float);
}

void CodeSelection::of_group(size_t group, unsigned worker, size_t rows, const float* x, const float* weight,
                             const float* bias, const uint32_t* chosen, size_t count) noexcept {
  const Kernels& kernels = products_.kernels();
  const size_t groups = groups_of(units_), panels = (count + kPanel - 1) / kPanel;
  float* const packed = space_.data() + worker * worker_floats(in_);
  float* const product = packed + in_ * kPanel;
  float* const gathered = product + kRowBlock * kPanel;
  for (size_t i = 0; i < rows; ++i) {
    held_[i * groups + group] = 0;
    least_[i * groups + group] = 0;
  }
  for (size_t panel = panels * group / groups; panel < panels * (group + 1) / groups; ++panel) {
    const size_t first = panel * kPanel, some = std::min(kPanel, count - first);
    const float* from = weight + first * in_;
    if (chosen != nullptr) {
      for (size_t j = 0; j < some; ++j) std::copy_n(weight + chosen[first + j] * in_, in_, gathered + j * in_);
      from = gathered;
    }
    float added[kPanel] = {};
    for (size_t j = 0; j < some; ++j) added[j] = bias[chosen == nullptr ? first + j : chosen[first + j]];
    kernels.pack_b(in_, some, from, 1, in_, packed);
    for (size_t begin = 0; begin < rows; begin += kRowBlock) {
      const size_t block = std::min(kRowBlock, rows - begin);
      kernels.gemm(block, some, in_, x + begin * in_, in_, 1, packed, product, kPanel, false);
      for (size_t r = 0; r < block; ++r) {
        float* const value = product + r * kPanel;
        const size_t place = (begin + r) * groups + group;
        float least = least_[place];
        int any = 0;
        for (size_t j = 0; j < some; ++j) {
          value[j] += added[j];
          any |= !(value[j] <= least);
        }
        if (any == 0) continue;
        uint64_t* const found = candidates_.data() + place * room_;
        size_t held = held_[place];
        for (size_t j = 0; j < some; ++j) {
          if (value[j] <= least) continue;
          if (held == room_) {
            std::nth_element(found, found + (k_ - 1), found + held, std::greater<>());
            held = k_;
            least = value_of(found[k_ - 1]);
            if (value[j] <= least) continue;
          }
          found[held++] = key_of(value[j], chosen == nullptr ? first + j : chosen[first + j]);
        }
        held_[place] = static_cast<uint32_t>(held);
        least_[place] = least;
      }
    }
  }
}

void CodeSelection::merge(size_t row, size_t groups, RowCode& code) noexcept {
  uint64_t* const found = candidates_.data() + row * groups * room_;
  size_t held = held_[row * groups];
  for (size_t group = 1; group < groups; ++group) {
    const uint64_t* const from = found + group * room_;
    const size_t some = held_[row * groups + group];
    std::copy_n(from, some, found + held);  // to lower places, in order
    held += some;
  }
  if (held > k_) {
    std::nth_element(found, found + (k_ - 1), found + held, std::greater<>());
    held = k_;
  }
  std::sort(found, found + held, [](uint64_t a, uint64_t b) { return unit_of(a) < unit_of(b); });
  code.count[row] = static_cast<uint32_t>(held);
  for (size_t e = 0; e < held; ++e) {
    code.unit[row * code.capacity + e] = unit_of(found[e]);
    code.value[row * code.capacity + e] = value_of(found[e]);
  }
}

void CodeSelection::select(size_t rows, const float* x, const float* weight, const float* bias, const uint32_t* chosen,
                           size_t count, RowCode& code) noexcept {
  const size_t groups = groups_of(units_);
  run_tasks(products_.pool(), groups, 2 * rows * count * in_,
            [&](size_t group, unsigned worker) { of_group(group, worker, rows, x, weight, bias, chosen, count); });
  for_blocks(products_.pool(), rows, 8, rows * groups * k_, [&](size_t first, size_t some) {
    for (size_t row = first; row < first + some; ++row) merge(row, groups, code);
  });
  code.rows = rows;
}

}  // namespace nrw
