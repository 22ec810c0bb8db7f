// Assigns rows to training, validation and test. It is a function of (seed, global row) only, so that the division into
// chunks has no effect.
#pragma once

#include <cstdint>

namespace nrw {

enum class Part : uint8_t { kTrain = 0, kValidation = 1, kTest = 2 };

// out[i] for the rows first_row + i, i < rows, as bytes of Part. Shares are in [0, 1]; the test share is the rest.
void split_rows(uint64_t seed, uint64_t first_row, uint32_t rows, double train_share, double validation_share,
                uint8_t* out) noexcept;

}  // namespace nrw
