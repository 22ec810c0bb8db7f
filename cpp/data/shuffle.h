// The order of rows in an epoch: a function of (seed, epoch, stream). The stream tells chunks or windows apart.
#pragma once

#include <cstdint>
#include <span>

namespace nrw {

// A uniformly drawn permutation (Fisher and Yates, Durstenfeld's form) with unbiased draws.
void shuffle(std::span<uint32_t> rows, uint64_t seed, uint32_t epoch, uint32_t stream) noexcept;

}  // namespace nrw
