#include "data/transform.h"

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>

#include "base/status.h"

namespace nrw {

namespace {

// The sum by four partial sums in double, which are added in a fixed order.
double sum(const float* values, size_t n) noexcept {
  double part[4] = {0, 0, 0, 0};
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) part[lane] += static_cast<double>(values[i + lane]);
  }
  for (; i < n; ++i) part[0] += static_cast<double>(values[i]);
  return (part[0] + part[1]) + (part[2] + part[3]);
}

// values[i] = log(1 + values[i]) with an error below 2.1 units in the last place. The loop has no branches or calls, so
// that it is vectorised. 1 + x = 2^e m with m in [sqrt(1/2), sqrt(2)) and f = m - 1, which is x itself if e is 0, so
// that small x stay exact. The rounding error `lost` of 1 + x is corrected by adding `lost` / (1 + x). log(1 + f) is
// the polynomial of FreeBSD's e_logf.c in s = f / (2 + f).
void log_1_plus(float* values, size_t n) noexcept {
  constexpr int32_t kRootHalf = 0x3F3504F3, kOne = 0x3F800000;
  constexpr float kLn2High = 6.9313812256e-01f, kLn2Low = 9.0580006145e-06f;
  for (size_t i = 0; i < n; ++i) {
    const float x = values[i], u = 1.0f + x;
    const int32_t shifted = std::bit_cast<int32_t>(u) + (kOne - kRootHalf);
    const int32_t e = (shifted >> 23) - 127;
    const float m = std::bit_cast<float>((shifted & 0x007FFFFF) + kRootHalf);
    const float k = static_cast<float>(e);
    const float above = 1.0f - (u - x), below = x - (u - 1.0f);
    const float lost = (e > 0 ? above : below) / u;
    const float near = m - 1.0f;
    const float f = e == 0 ? x : near, c = e == 0 ? 0.0f : lost;
    const float s = f / (2.0f + f), z = s * s, w = z * z;
    const float r = z * (0.66666662693f + w * 0.28498786688f) + w * (0.40000972152f + w * 0.24279078841f);
    const float half = 0.5f * f * f;
    values[i] = s * (half + r) + (k * kLn2Low + c) - half + f + k * kLn2High;
  }
}

// Whether the loop above can be used: every 1 + x must be finite and above 0.
bool above_minus_one(const float* values, size_t n) noexcept {
  unsigned bad = 0;
  for (size_t i = 0; i < n; ++i) bad |= !(values[i] > -1.0f);
  return bad == 0;
}

}  // namespace

Transform Transform::checked(double kind, double p0, double p1) {
  if (!(kind >= 0 && kind <= static_cast<double>(NRW_POLARITY)) || kind != std::floor(kind)) {
    throw Error(NRW_INVALID_ARGUMENT, format("transform: the kind %g is unknown", kind));
  }
  const Transform transform{static_cast<TransformKind>(static_cast<uint32_t>(kind)), p0, p1};
  const auto is_size = [](double size) { return size >= 1 && size <= 1 << 24 && size == std::floor(size); };
  const auto require = [&](bool condition, const char* rule) {
    if (!condition) {
      throw Error(NRW_INVALID_ARGUMENT, format("transform %s: %s, got %g, %g", transform.name(), rule, p0, p1));
    }
  };
  switch (transform.kind) {
    case TransformKind::kLibrarySize:
      require(p0 > 0 && p0 <= FLT_MAX, "the target must be a finite number above 0");
      break;
    case TransformKind::kLog1p:
      break;
    case TransformKind::kScale:
      require(std::fabs(p0) <= FLT_MAX, "the factor must be finite");
      break;
    case TransformKind::kClip:
      require(p0 <= 0 && p1 >= 0, "min must be at most 0 and max at least 0");
      break;
    case TransformKind::kBinarize:
      require(p0 >= 0 && p0 <= FLT_MAX, "the threshold must be a finite number of at least 0");
      break;
    case TransformKind::kRowShape:
      require(is_size(p0) && is_size(p1), "height and width must be whole numbers of at least 1");
      break;
    case TransformKind::kFlip:
      require((p0 == 0 || p0 == 1) && p1 >= 0 && p1 <= 1, "the axis must be 0 or 1, and the probability from 0 to 1");
      break;
    case TransformKind::kShift:
      require(is_size(p0 + 1) && is_size(p1 + 1), "places must be whole numbers of at least 0");
      break;
    case TransformKind::kGain:
      require(p0 <= p1 && std::fabs(p0) <= FLT_MAX && std::fabs(p1) <= FLT_MAX, "must be a lower and a higher number");
      break;
    case TransformKind::kNoise:
      require(p0 >= 0 && p0 <= FLT_MAX, "the standard deviation must be a finite number of at least 0");
      break;
    case TransformKind::kPolarity:
      require(p0 >= 0 && p0 <= 1, "the probability must be from 0 to 1");
      break;
  }
  return transform;
}

const char* Transform::name() const noexcept {
  switch (kind) {
    case TransformKind::kLibrarySize:
      return "library_size";
    case TransformKind::kLog1p:
      return "log1p";
    case TransformKind::kScale:
      return "scale";
    case TransformKind::kClip:
      return "clip";
    case TransformKind::kBinarize:
      return "binarize";
    case TransformKind::kRowShape:
      return "row_shape";
    case TransformKind::kFlip:
      return "flip";
    case TransformKind::kShift:
      return "shift";
    case TransformKind::kGain:
      return "gain";
    case TransformKind::kNoise:
      return "noise";
    case TransformKind::kPolarity:
      break;
  }
  return "polarity";
}

std::string Transform::takes() const {
  switch (kind) {
    case TransformKind::kLibrarySize:
      return format("cannot be scaled by library_size, since %g divided by the sum of its row is too large", p0);
    case TransformKind::kLog1p:
      return "cannot be transformed by log1p, which needs values above -1 and is meant for counts";
    default:
      return std::string("is not a finite 32-bit float after the transform ") + name();
  }
}

void Transform::apply(float* values, size_t n) const noexcept {
  switch (kind) {
    case TransformKind::kLibrarySize: {
      const double total = sum(values, n);
      if (total == 0) break;
      const float factor = static_cast<float>(p0 / total);
      for (size_t i = 0; i < n; ++i) values[i] *= factor;
      break;
    }
    case TransformKind::kLog1p:
      if (above_minus_one(values, n)) {
        log_1_plus(values, n);
      } else {
        for (size_t i = 0; i < n; ++i) values[i] = std::log1p(values[i]);
      }
      break;
    case TransformKind::kScale: {
      const float factor = static_cast<float>(p0);
      for (size_t i = 0; i < n; ++i) values[i] *= factor;
      break;
    }
    case TransformKind::kClip: {
      const float low = static_cast<float>(p0), high = static_cast<float>(p1);
      for (size_t i = 0; i < n; ++i) values[i] = std::min(std::max(values[i], low), high);
      break;
    }
    case TransformKind::kBinarize: {
      const float threshold = static_cast<float>(p0);
      for (size_t i = 0; i < n; ++i) values[i] = values[i] > threshold ? 1.0f : 0.0f;
      break;
    }
    default:
      break;
  }
}

}  // namespace nrw
