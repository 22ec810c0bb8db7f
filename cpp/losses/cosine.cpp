#include "losses/cosine.h"

#include <cmath>

#include "losses/reduction.h"

namespace nrw {

namespace {

constexpr double kShortest = 1e-8;
constexpr Field kFields[] = {kReduction};

std::unique_ptr<Loss> make(const LossContext& context) { return std::make_unique<Cosine>(context.shape.size()); }

}  // namespace

const LossType cosine_type = {
    .name = "cosine",
    .about =
        "1 - the cosine of the angle between the outputs of a row and its targets, which does not depend on the size "
        "of either; reduction: mean is then the mean over rows",
    .fields = kFields,
    .separable = false,
    .quadratic = false,
    .make = make,
    .link = "identity"};

double Cosine::row(const LossRow& row) noexcept {
  double dot = 0, squares = 0, target_squares = 0;
  for (size_t i = 0; i < columns_; ++i) {
    const double o = static_cast<double>(row.o[i]), y = static_cast<double>(row.target[i]);
    dot += o * y;
    squares += o * o;
    target_squares += y * y;
  }
  const double length = std::sqrt(squares), longer = std::fmax(length, kShortest);
  const double one = 1 / (longer * std::fmax(std::sqrt(target_squares), kShortest));
  if (row.d_o != nullptr) {
    // A length below the shortest is a constant.
    const double to_y = -row.factor * one, to_o = length < kShortest ? 0 : row.factor * dot * one / squares;
    for (size_t i = 0; i < columns_; ++i) {
      row.d_o[i] = static_cast<float>(to_y * static_cast<double>(row.target[i]) + to_o * static_cast<double>(row.o[i]));
    }
  }
  return 1 - dot * one;
}

}  // namespace nrw
