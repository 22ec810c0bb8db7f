// Random changes of a dense row while training: flips, shifts, gain, noise and polarity. Every draw is a function of
// the seed, the epoch, the row's key and the place of the transform in its list, so that it depends on no thread or
// worker.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/transform.h"

namespace nrw {

// The most transforms of a list, since a draw names its transform with 4 bits.
constexpr size_t kMostTransforms = 16;

// How the values of a row lie: channels first, n / (height * width) of them; a signal has the height 1.
struct RowShape {
  size_t height = 1, width = 1;
};

// What keys the draws of one transform of one row.
struct RowDraw {
  uint64_t seed = 0;
  uint32_t epoch = 0;
  uint64_t row_id = 0;
  uint32_t list = 0;   // 0: of target and input, 1: of the input only
  uint32_t place = 0;  // of the transform in its list
};

// transform.is_random(). room: a buffer that is kept from row to row.
void apply_random(const Transform& transform, const RowDraw& at, const RowShape& shape, std::span<float> value,
                  std::vector<float>& room);

}  // namespace nrw
