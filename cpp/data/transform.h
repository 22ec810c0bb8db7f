// Transforms of the stored values of a row when a batch is made. All of them map zero to zero, but those that change
// dense rows at random (random_transform.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "narrows.h"

namespace nrw {

enum class TransformKind : uint32_t {
  kLibrarySize = NRW_LIBRARY_SIZE,  // scales the row to the sum p0; a row with sum 0 is left as it is
  kLog1p = NRW_LOG1P,               // log(1 + x)
  kScale = NRW_SCALE,               // x * p0
  kClip = NRW_CLIP,                 // min(max(x, p0), p1), p0 <= 0 <= p1
  kBinarize = NRW_BINARIZE,         // 1 where x > p0, p0 >= 0, else 0
  kRowShape = NRW_ROW_SHAPE,        // says that rows are channels of p0 x p1 values, for the transforms after it
  kFlip = NRW_FLIP,                 // reverses axis p0 (0: height, 1: width) with the probability p1
  kShift = NRW_SHIFT,               // moves by up to p0 places along the height and p1 along the width
  kGain = NRW_GAIN,                 // multiplies the row by a number between p0 and p1
  kNoise = NRW_NOISE,               // adds normal noise with the standard deviation p0
  kPolarity = NRW_POLARITY          // changes the sign of the row with the probability p0
};

struct Transform {
  TransformKind kind = TransformKind::kScale;
  double p0 = 0, p1 = 0;

  // Checks kind and parameters. Throws NRW_INVALID_ARGUMENT.
  static Transform checked(double kind, double p0, double p1);
  const char* name() const noexcept;
  // The end of a message that begins "a value of -3 ": why the value cannot be used.
  std::string takes() const;
  // Whether it changes rows at random, which takes dense rows.
  bool is_random() const noexcept { return kind >= TransformKind::kFlip; }
  // values: the n stored values of one row. Nothing where it is a shape, or random.
  void apply(float* values, size_t n) const noexcept;
};

}  // namespace nrw
