// The type of the opaque model handle of narrows.h, for the files of api/ that take it.
#pragma once

#include "api/guard.h"
#include "model/model.h"

struct nrw_model {
  explicit nrw_model(std::unique_ptr<nrw::Model> made) : owned(std::move(made)), model(*owned) {}

  const std::unique_ptr<nrw::Model> owned;
  nrw::Model& model;
  std::atomic<bool> busy{false};
  std::atomic<bool> twinning{false};  // nrw_model_twin runs beside other calls: it reads only what build has fixed
};

namespace nrw::api {

// Calls body(model) with the handle locked. A second call meanwhile returns NRW_BUSY.
template <class Body>
int32_t with_model(nrw_model* handle, nrw_error* err, Body&& body) noexcept {
  return guarded(err, [&] {
    require(handle != nullptr, "model: is null");
    const Busy busy(handle->busy);
    return body(handle->model);
  });
}

}  // namespace nrw::api
