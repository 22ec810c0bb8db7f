// The loss of a batch is a sum over rows and columns, multiplied by a factor that `loss.reduction` gives.
#pragma once

#include <cstdint>

#include "base/settings.h"

namespace nrw {

enum class Reduction : uint32_t {
  kMean,     // over rows and columns: 1 / (rows * columns), PyTorch's "mean"
  kRowMean,  // summed over columns, mean over rows: 1 / rows
  kSum       // over both: 1
};

double reduction_factor(Reduction reduction, uint64_t rows, uint64_t columns) noexcept;

// The field that every loss has, and its value.
constexpr Field kReduction = {
    .name = "reduction",
    .type = Field::Type::kWord,
    .about = "mean: over rows and columns; row_mean: sum over columns, mean over rows; sum: over rows and columns",
    .fallback = "\"mean\"",
    .words = "mean row_mean sum"};
Reduction reduction_of(const Settings& loss);

}  // namespace nrw
