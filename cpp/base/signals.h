// Signals that the process is to hear as another one.
#pragma once

#include <cstdint>

namespace nrw {

// From now on signal `from` never reaches the handler it had: it is counted and sent to the process again as `to`.
// Throws NRW_INVALID_ARGUMENT when the system refuses.
void turn_signal(int from, int to);

// How many signals were turned since the last call.
uint32_t turned_signals() noexcept;

}  // namespace nrw
