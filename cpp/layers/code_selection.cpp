#include "layers/code_selection.h"

#include <cstring>
#include <functional>
#include <limits>

namespace nrw {

namespace {

constexpr size_t kMostGroups = 16;  // of units: each selects by itself
constexpr size_t kRowBlock = 128;   // rows of the product at a time
constexpr size_t kChunk = 16;       // values that are passed over together where none is large enough

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

// Takes what is above the place's bound from the values of units [first, first + some).
void CodeSelection::take(const Operands& of, size_t place, size_t first, size_t some, const float* value) noexcept {
  uint64_t* const found = candidates_.data() + place * room_;
  size_t held = held_[place];
  float least = least_[place];
  for (size_t chunk = 0; chunk < some; chunk += kChunk) {
    const size_t end = std::min(some, chunk + kChunk);
    int any = 0;
    for (size_t j = chunk; j < end; ++j) any |= !(value[j] <= least);
    if (any == 0) continue;
    for (size_t j = chunk; j < end; ++j) {
      if (value[j] <= least) continue;
      if (held == room_) {
        std::nth_element(found, found + (k_ - 1), found + held, std::greater<>());
        held = k_;
        least = value_of(found[k_ - 1]);
        if (value[j] <= least) continue;
      }
      found[held++] = key_of(value[j], of.chosen == nullptr ? first + j : of.chosen[first + j]);
    }
  }
  held_[place] = static_cast<uint32_t>(held);
  least_[place] = least;
}

void CodeSelection::of_group(const Operands& of, size_t group, unsigned worker, size_t first_row,
                             size_t rows) noexcept {
  const Kernels& kernels = products_.kernels();
  const size_t groups = groups_of(units_), panels = (of.count + kPanel - 1) / kPanel;
  float* const packed = space_.data() + worker * worker_floats(in_);
  float* const product = packed + in_ * kPanel;
  float* const gathered = product + kRowBlock * kPanel;
  for (size_t i = first_row; i < first_row + rows; ++i) {
    held_[i * groups + group] = 0;
    least_[i * groups + group] = group == 0 ? 0 : least_[i * groups];
  }
  for (size_t panel = panels * group / groups; panel < panels * (group + 1) / groups; ++panel) {
    const size_t first = panel * kPanel, some = std::min(kPanel, of.count - first);
    const float* from = of.weight + first * in_;
    float added[kPanel] = {};
    if (of.chosen != nullptr) {
      for (size_t j = 0; j < some; ++j) std::copy_n(of.weight + of.chosen[first + j] * in_, in_, gathered + j * in_);
      from = gathered;
    }
    for (size_t j = 0; j < some; ++j) added[j] = of.bias[of.chosen == nullptr ? first + j : of.chosen[first + j]];
    kernels.pack_b(in_, some, from, 1, in_, packed);
    for (size_t begin = first_row; begin < first_row + rows; begin += kRowBlock) {
      const size_t block = std::min(kRowBlock, first_row + rows - begin);
      kernels.gemm(block, some, in_, of.x + begin * in_, in_, 1, packed, product, kPanel, false);
      for (size_t r = 0; r < block; ++r) {
        float* const value = product + r * kPanel;
        for (size_t j = 0; j < some; ++j) value[j] += added[j];
        take(of, (begin + r) * groups + group, first, some, value);
      }
    }
  }
}

// The k-th largest value of the first group, where it has so many: of equal values the first group's are taken.
void CodeSelection::bound(size_t row, size_t groups) noexcept {
  const size_t place = row * groups, held = held_[place];
  if (held < k_) {
    least_[place] = 0;
    return;
  }
  uint64_t* const found = candidates_.data() + place * room_;
  std::nth_element(found, found + (k_ - 1), found + held, std::greater<>());
  held_[place] = static_cast<uint32_t>(k_);
  least_[place] = value_of(found[k_ - 1]);
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
  const size_t groups = groups_of(units_), work = 2 * rows * count * in_;
  const Operands of{x, weight, bias, chosen, count};
  run_tasks(products_.pool(), (rows + kRowBlock - 1) / kRowBlock, work / groups, [&](size_t block, unsigned worker) {
    const size_t first = block * kRowBlock, some = std::min(kRowBlock, rows - first);
    of_group(of, 0, worker, first, some);
    for (size_t row = first; row < first + some; ++row) bound(row, groups);
  });
  run_tasks(products_.pool(), groups - 1, work,
            [&](size_t group, unsigned worker) { of_group(of, group + 1, worker, 0, rows); });
  for_blocks(products_.pool(), rows, 8, rows * groups * k_, [&](size_t first, size_t some) {
    for (size_t row = first; row < first + some; ++row) merge(row, groups, code);
  });
  code.rows = rows;
}

}  // namespace nrw
