#include "losses/reduction.h"

namespace nrw {

double reduction_factor(Reduction reduction, uint64_t rows, uint64_t columns) noexcept {
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

Reduction reduction_of(const Settings& loss) {
  const std::string& word = loss.word("reduction");
  return word == "row_mean" ? Reduction::kRowMean : word == "sum" ? Reduction::kSum : Reduction::kMean;
}

}  // namespace nrw
