// nrw_signal_*: see narrows.h.
#include "base/signals.h"

#include "api/guard.h"

using namespace nrw;
using namespace nrw::api;

extern "C" {

int32_t nrw_signal_turn(int32_t from, int32_t to, nrw_error* err) noexcept {
  return guarded(err, [&] { turn_signal(from, to); });
}

uint32_t nrw_signal_turned(void) noexcept { return turned_signals(); }

}  // extern "C"
