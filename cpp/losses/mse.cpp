#include "losses/mse.h"

namespace nrw {

double mse_factor(Reduction reduction, uint64_t rows, uint64_t columns) noexcept {
  switch (reduction) {
    case Reduction::kMean:
      return 1 / (static_cast<double>(rows) * static_cast<double>(columns));
    case Reduction::kRowMean:
      return 1 / static_cast<double>(rows);
    case Reduction::kSum:
      break;
  }
  return 1;
}

}  // namespace nrw
