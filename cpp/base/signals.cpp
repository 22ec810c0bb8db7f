#include "base/signals.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/status.h"

namespace nrw {

namespace {

std::atomic<int> target{0};
std::atomic<uint32_t> turned{0};
static_assert(std::atomic<uint32_t>::is_always_lock_free, "a signal handler counts in it");

void on_signal(int) {
  const int before = errno;
  turned.fetch_add(1, std::memory_order_relaxed);
  kill(getpid(), target.load(std::memory_order_relaxed));
  errno = before;
}

}  // namespace

void turn_signal(int from, int to) {
  target.store(to, std::memory_order_relaxed);
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  if (from == to || sigaction(from, &action, nullptr) != 0) {
    throw Error(NRW_INVALID_ARGUMENT, format("signal %d cannot be sent on as %d", from, to));
  }
}

uint32_t turned_signals() noexcept { return turned.exchange(0, std::memory_order_relaxed); }

}  // namespace nrw
