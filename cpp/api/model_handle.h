// What the opaque model handle of narrows.h is. Shared by the files of api/ that take it.
#pragma once

#include "api/guard.h"
#include "model/model.h"

struct nrw_model {
  nrw_model(uint32_t columns, uint64_t seed, unsigned threads) : model(columns, seed, threads) {}

  nrw::Model model;
  std::atomic<bool> busy{false};
};

namespace nrw::api {

// body(model) with the handle taken: a second call meanwhile gives NRW_BUSY.
template <class Body>
int32_t with_model(nrw_model* handle, nrw_error* err, Body&& body) noexcept {
  return guarded(err, [&] {
    require(handle != nullptr, "model: is null");
    const Busy busy(handle->busy);
    return body(handle->model);
  });
}

}  // namespace nrw::api
