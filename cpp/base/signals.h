// Signals that are counted and sent to the process again as another signal.
#pragma once

#include <cstdint>

namespace nrw {

// From this call on, signal `from` does not reach its handler but is counted and sent to the process again as `to`.
// Throws NRW_INVALID_ARGUMENT if the system refuses.
void turn_signal(int from, int to);

// The number of signals that were sent on since the last call.
uint32_t turned_signals() noexcept;

}  // namespace nrw
