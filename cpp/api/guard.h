// The frame of every extern "C" function of the engine: it runs the function's body, turns exceptions into a status and
// fills the caller's error record. Also the lock that makes a second call on a handle return NRW_BUSY.
#pragma once

#include <atomic>
#include <cstdio>
#include <new>

#include "base/status.h"

namespace nrw::api {

inline int32_t fail(nrw_error* err, nrw_status code, const char* message) noexcept {
  if (err != nullptr) {
    err->code = code;
    std::snprintf(err->message, sizeof err->message, "%s", message);
  }
  return code;
}

// body returns nothing (NRW_OK) or an nrw_status that is not an error (NRW_END, NRW_TIMEOUT).
template <class Body>
int32_t guarded(nrw_error* err, Body&& body) noexcept {
  if (err != nullptr) {
    err->code = NRW_OK;
    err->message[0] = '\0';
  }
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return NRW_OK;
    } else {
      return body();
    }
  } catch (const Error& error) {
    return fail(err, error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(err, NRW_OUT_OF_MEMORY, "there is not enough memory");
  } catch (const std::exception& error) {
    return fail(err, NRW_INTERNAL, error.what());
  } catch (...) {
    return fail(err, NRW_INTERNAL, "an exception of unknown type was thrown");
  }
}

inline void require(bool condition, const char* message) {
  if (!condition) throw Error(NRW_INVALID_ARGUMENT, message);
}

// One call at a time: throws NRW_BUSY if another call holds the handle. close() waits instead.
class Busy {
 public:
  explicit Busy(std::atomic<bool>& flag) : flag_(flag) {
    if (flag_.exchange(true, std::memory_order_acquire)) {
      throw Error(NRW_BUSY, "another call on this handle is still running");
    }
  }
  ~Busy() {
    flag_.store(false, std::memory_order_release);
    flag_.notify_all();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

  // Waits until no call is running and then keeps the lock for ever. It is used by close.
  static void take_for_ever(std::atomic<bool>& flag) noexcept {
    while (flag.exchange(true, std::memory_order_acquire)) flag.wait(true, std::memory_order_acquire);
  }

 private:
  std::atomic<bool>& flag_;
};

}  // namespace nrw::api
