#include "data/transform.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "base/status.h"

namespace nrw {

namespace {

// Four partial sums in double, added up in a fixed order.
double sum(const float* values, size_t n) noexcept {
  double part[4] = {0, 0, 0, 0};
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (size_t lane = 0; lane < 4; ++lane) part[lane] += static_cast<double>(values[i + lane]);
  }
  for (; i < n; ++i) part[0] += static_cast<double>(values[i]);
  return (part[0] + part[1]) + (part[2] + part[3]);
}

}  // namespace

Transform Transform::checked(double kind, double p0, double p1) {
  if (!(kind >= 0 && kind <= static_cast<double>(NRW_BINARIZE)) || kind != std::floor(kind)) {
    throw Error(NRW_INVALID_ARGUMENT, format("transform: unknown kind %g", kind));
  }
  const Transform transform{static_cast<TransformKind>(static_cast<uint32_t>(kind)), p0, p1};
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
      break;
  }
  return "binarize";
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
      for (size_t i = 0; i < n; ++i) values[i] = std::log1p(values[i]);
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
  }
}

}  // namespace nrw
