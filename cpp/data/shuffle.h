// The order of rows in an epoch, which is a function of (seed, epoch, stream). Each chunk or window has its own stream.
#pragma once

#include <cstdint>
#include <span>

namespace nrw {

// A uniformly random permutation by the algorithm of Fisher and Yates in Durstenfeld's form, with unbiased draws.
void shuffle(std::span<uint32_t> rows, uint64_t seed, uint32_t epoch, uint32_t stream) noexcept;

}  // namespace nrw
