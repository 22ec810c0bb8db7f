#include "data/mapped_files.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>

namespace nrw {

namespace {

// The handler reads this without a lock, so begin is set last and cleared first.
struct Range {
  std::atomic<uintptr_t> begin{0};
  uintptr_t end = 0;
  std::atomic<bool>* cut_short = nullptr;
};

constexpr size_t kMost = 4096;
std::array<Range, kMost> ranges;
std::mutex mutex;  // of those that watch and unwatch
uintptr_t page_bytes = 4096;
struct sigaction before;

// Maps zeros in place of the pages from the fault to the end of the mapping.
bool replace_pages(uintptr_t fault) noexcept {
  for (Range& range : ranges) {
    const uintptr_t begin = range.begin.load(std::memory_order_acquire);
    if (begin == 0 || fault < begin || fault >= range.end) continue;
    const uintptr_t first = fault / page_bytes * page_bytes;
    void* const pages = mmap(reinterpret_cast<void*>(first), range.end - first, PROT_READ,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    range.cut_short->store(true);
    return pages != MAP_FAILED;
  }
  return false;
}

void on_bus_error(int number, siginfo_t* info, void* context) {
  const int error = errno;
  const bool ours = replace_pages(reinterpret_cast<uintptr_t>(info->si_addr));
  errno = error;
  if (ours) return;
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    before.sa_sigaction(number, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(number);
  } else {
    signal(number, SIG_DFL);  // the same read faults again, and ends the process
  }
}

void install() noexcept {
  page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  struct sigaction action = {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &before);
}

}  // namespace

CutShort watch_mapping(const void* data, size_t size) {
  auto cut_short = std::make_shared<std::atomic<bool>>(false);
  const std::lock_guard lock(mutex);
  static const bool installed = (install(), true);
  for (Range& range : ranges) {
    if (!installed || range.begin.load(std::memory_order_relaxed) != 0) continue;
    const uintptr_t begin = reinterpret_cast<uintptr_t>(data);
    range.end = begin + size;
    range.cut_short = cut_short.get();
    range.begin.store(begin, std::memory_order_release);
    return cut_short;
  }
  return nullptr;
}

void unwatch_mapping(const void* data) noexcept {
  const std::lock_guard lock(mutex);
  for (Range& range : ranges) {
    if (range.begin.load(std::memory_order_relaxed) == reinterpret_cast<uintptr_t>(data)) range.begin.store(0);
  }
}

}  // namespace nrw
