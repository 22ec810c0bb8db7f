#include "data/split.h"

#include "base/philox.h"

namespace nrw {

void split_rows(uint64_t seed, uint64_t first_row, uint32_t rows, double train_share, double validation_share,
                uint8_t* out) noexcept {
  // Shares such as 0.7 + 0.2 + 0.1 need not add up to 1 in binary. A rest that is only a rounding error gives no test
  // rows.
  double most = train_share + validation_share;
  if (most > 1 - 1e-9) most = 1;
  for (uint32_t i = 0; i < rows; ++i) {
    const auto words = draw(seed, Purpose::kSplit, 0, first_row + i);
    const double u = uniform(words[0], words[1]);
    const Part part = u < train_share ? Part::kTrain : u < most ? Part::kValidation : Part::kTest;
    out[i] = static_cast<uint8_t>(part);
  }
}

}  // namespace nrw
