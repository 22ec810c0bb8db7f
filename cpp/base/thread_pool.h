// A fixed set of threads for data-parallel loops. The caller works too: ThreadPool(1) has no threads of its own.
//
// Reproducibility: the caller divides a loop into tasks independently of the number of threads, each task writes its
// own output, and partial sums, one per task, are added in the order of the tasks afterwards. So the bits do not depend
// on which thread ran which task.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace nrw {

class ThreadPool {
 public:
  // Throws Error(NRW_OUT_OF_MEMORY) if the system cannot start the threads.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  unsigned size() const noexcept { return static_cast<unsigned>(threads_.size()) + 1; }

  // Calls body(task, worker) for each task in [0, tasks), worker in [0, size()), and returns when all are done. Tasks
  // are handed out in rising order. body must not throw and must not call run.
  template <class Body>
  void run(size_t tasks, Body&& body) noexcept {
    using Plain = std::remove_reference_t<Body>;
    dispatch(
        tasks, [](void* context, size_t task, unsigned worker) { (*static_cast<Plain*>(context))(task, worker); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

 private:
  using Call = void (*)(void* context, size_t task, unsigned worker);
  struct Shared;
  void dispatch(size_t tasks, Call call, void* context) noexcept;
  void work(unsigned worker) noexcept;
  void end() noexcept;

  std::unique_ptr<Shared> shared_;
  std::vector<std::thread> threads_;
};

// The number of cores that this process may use, by its affinity mask and the CPU quota of its control group; at
// least 1.
unsigned available_threads() noexcept;

}  // namespace nrw
