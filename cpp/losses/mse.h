// Squared error: loss = a * sum over rows and columns of (reconstruction - target)^2. The reduction is the factor a.
#pragma once

#include <cstdint>

namespace nrw {

enum class Reduction : uint32_t {
  kMean,     // over rows and columns: a = 1 / (rows * columns), PyTorch's "mean"
  kRowMean,  // summed over columns, mean over rows: a = 1 / rows
  kSum       // over both: a = 1
};

double mse_factor(Reduction reduction, uint64_t rows, uint64_t columns) noexcept;

}  // namespace nrw
