#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <system_error>

#include "base/float_mode.h"
#include "base/status.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nrw {

namespace {
// A waiting thread polls for this time before it sleeps. The loops of one training step follow each other within
// microseconds, and waking a sleeping thread takes about 30 microseconds.
constexpr int kSpins = 4000;

inline void relax() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}
}  // namespace

struct ThreadPool::Shared {
  std::mutex mutex;
  std::condition_variable wake, done;
  alignas(64) std::atomic<uint64_t> generation{0};  // one more for each loop
  alignas(64) std::atomic<size_t> next{0};          // the next task to hand out
  alignas(64) std::atomic<unsigned> busy{0};        // workers that have not finished this loop
  std::atomic<unsigned> sleeping{0};
  std::atomic<bool> stop{false};
  size_t tasks = 0;
  Call call = nullptr;
  void* context = nullptr;
};

ThreadPool::ThreadPool(unsigned threads) : shared_(std::make_unique<Shared>()) {
  try {
    for (unsigned worker = 1; worker < threads; ++worker) threads_.emplace_back([this, worker] { work(worker); });
  } catch (const std::system_error& error) {
    const size_t started = threads_.size();
    end();
    throw Error(NRW_OUT_OF_MEMORY, format("threads: %u were asked for, but only %zu could be started (%s)", threads,
                                          started + 1, error.code().message().c_str()));
  }
}

ThreadPool::~ThreadPool() { end(); }

void ThreadPool::end() noexcept {
  {
    std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
    shared_->generation.fetch_add(1);
  }
  shared_->wake.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::dispatch(size_t tasks, Call call, void* context) noexcept {
  Shared& s = *shared_;
  if (threads_.empty() || tasks <= 1) {
    for (size_t task = 0; task < tasks; ++task) call(context, task, 0);
    return;
  }
  s.tasks = tasks;
  s.call = call;
  s.context = context;
  s.next.store(0, std::memory_order_relaxed);
  s.busy.store(static_cast<unsigned>(threads_.size()), std::memory_order_relaxed);
  s.generation.fetch_add(1, std::memory_order_seq_cst);
  if (s.sleeping.load(std::memory_order_seq_cst) != 0) {
    std::lock_guard lock(s.mutex);
    s.wake.notify_all();
  }
  for (size_t task; (task = s.next.fetch_add(1, std::memory_order_relaxed)) < tasks;) call(context, task, 0);
  for (int spin = 0; s.busy.load(std::memory_order_acquire) != 0; ++spin) {
    if (spin < kSpins) {
      relax();
      continue;
    }
    std::unique_lock lock(s.mutex);
    s.done.wait(lock, [&] { return s.busy.load(std::memory_order_acquire) == 0; });
  }
}

void ThreadPool::work(unsigned worker) noexcept {
  const FlushToZero mode;  // for the whole life of the thread, which only computes for the engine
  Shared& s = *shared_;
  for (uint64_t seen = 0;;) {
    for (int spin = 0; s.generation.load(std::memory_order_acquire) == seen; ++spin) {
      if (spin < kSpins) {
        relax();
        continue;
      }
      std::unique_lock lock(s.mutex);
      s.sleeping.fetch_add(1, std::memory_order_seq_cst);
      s.wake.wait(lock, [&] { return s.generation.load(std::memory_order_seq_cst) != seen; });
      s.sleeping.fetch_sub(1, std::memory_order_relaxed);
    }
    ++seen;
    if (s.stop.load()) return;
    for (size_t task; (task = s.next.fetch_add(1, std::memory_order_relaxed)) < s.tasks;) {
      s.call(s.context, task, worker);
    }
    if (s.busy.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      std::lock_guard lock(s.mutex);
      s.done.notify_one();
    }
  }
}

unsigned available_threads() noexcept {
  unsigned cores = std::max(1u, std::thread::hardware_concurrency());
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) cores = std::max(1, CPU_COUNT(&set));
  const auto limit = [&](double quota, double period) {
    if (quota > 0 && period > 0)
      cores = std::min(cores, std::max(1u, static_cast<unsigned>(std::ceil(quota / period))));
  };
  if (FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {  // cgroup v2: "max 100000" or "150000 100000"
    double quota = 0, period = 0;
    if (std::fscanf(file, "%lf %lf", &quota, &period) == 2) limit(quota, period);
    std::fclose(file);
  } else {  // cgroup v1
    double quota = -1, period = 0;
    if (FILE* q = std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "r")) {
      if (std::fscanf(q, "%lf", &quota) != 1) quota = -1;
      std::fclose(q);
    }
    if (FILE* p = std::fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "r")) {
      if (std::fscanf(p, "%lf", &period) != 1) period = 0;
      std::fclose(p);
    }
    limit(quota, period);
  }
#endif
  return cores;
}

}  // namespace nrw
