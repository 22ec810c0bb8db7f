// nrw_vocabulary, nrw_model_*: set-up, description, the log and the ends of a handle. See narrows.h.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "api/model_handle.h"
#include "api/numbers.h"
#include "model/describe.h"

using namespace nrw;
using namespace nrw::api;

namespace {

// Copies a text into the caller's memory. With a capacity of 0 only its length is told.
void give_text(const std::string& all, char* text, uint32_t capacity, uint32_t* written) {
  require(written != nullptr, "written: is null");
  *written = static_cast<uint32_t>(all.size());
  if (capacity == 0) return;
  require(text != nullptr, "text: is null");
  require(all.size() <= capacity, "text: does not fit into its capacity");
  std::memcpy(text, all.data(), all.size());
}

}  // namespace

extern "C" {

int32_t nrw_vocabulary(char* text, uint32_t capacity, uint32_t* written, nrw_error* err) noexcept {
  return guarded(err, [&] { give_text(vocabulary().write(2) + "\n", text, capacity, written); });
}

int32_t nrw_model_create(const uint8_t* spec, uint32_t spec_bytes, nrw_model** out, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(out != nullptr, "out: is null");
    *out = nullptr;
    require(spec != nullptr, "spec: is null");
    *out = new nrw_model(std::make_unique<Model>(model_spec({reinterpret_cast<const char*>(spec), spec_bytes})));
  });
}

int32_t nrw_model_describe(nrw_model* model, char* text, uint32_t capacity, uint32_t* written,
                           nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) { give_text(describe(m.plan()).write(), text, capacity, written); });
}

int32_t nrw_model_estimate(nrw_model* model, uint32_t batch_rows, double nnz_per_row, double* estimate,
                           nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(estimate != nullptr, "estimate: is null");
    require(batch_rows != 0, "batch_rows: must be at least 1");
    require(nnz_per_row >= 0, "nnz_per_row: must be at least 0");
    const Estimate e = m.estimate(batch_rows, nnz_per_row);
    const double values[6] = {e.parameters, e.optimizer, e.workspace, e.largest, e.sum(), e.count};
    std::copy_n(values, 6, estimate);
  });
}

int32_t nrw_model_column_weights(nrw_model* model, const float* weights, uint32_t count, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(weights != nullptr, "weights: is null");
    m.set_column_weights({weights, weights + count});
  });
}

int32_t nrw_model_build(nrw_model* model, nrw_error* err) noexcept {
  return with_model(model, err, [](Model& m) { m.build(); });
}

int32_t nrw_model_twin(nrw_model* model, nrw_model** out, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(model != nullptr, "model: is null");
    require(out != nullptr, "out: is null");
    *out = nullptr;
    const Busy busy(model->twinning);
    *out = new nrw_model(model->model.twin());
  });
}

int32_t nrw_model_copy(nrw_model* model, nrw_model* from, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(from != nullptr && from != model, "from: is null or the model itself");
    const Busy busy(from->busy);
    m.copy_state(from->model);
  });
}

int32_t nrw_model_get_step(nrw_model* model, double* step, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(step != nullptr, "step: is null");
    *step = static_cast<double>(m.step);
  });
}

int32_t nrw_model_set_step(nrw_model* model, double step, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) { m.step = whole(step, "step"); });
}

int32_t nrw_model_set_rate(nrw_model* model, const uint8_t* layer, uint32_t layer_bytes, double rate,
                           nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(layer != nullptr, "layer: is null");
    require(std::isfinite(rate) && rate >= 0, "rate: must be at least 0");
    m.set_rate({reinterpret_cast<const char*>(layer), layer_bytes}, rate);
  });
}

int32_t nrw_model_set_noise(nrw_model* model, const uint8_t* layer, uint32_t layer_bytes, double amount,
                            nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(layer != nullptr, "layer: is null");
    m.set_noise({reinterpret_cast<const char*>(layer), layer_bytes}, amount);
  });
}

int32_t nrw_model_open_log(nrw_model* model, const uint8_t* path, uint32_t path_bytes, double after_step,
                           uint32_t every_steps, double elapsed_s, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(path != nullptr && path_bytes != 0, "path: is empty");
    require(every_steps != 0, "every_steps: must be at least 1");
    require(elapsed_s >= 0, "elapsed_s: must be at least 0");
    const std::string name(reinterpret_cast<const char*>(path), path_bytes);
    require(name.find('\0') == std::string::npos, "path: contains a zero byte");
    m.log.open(name, whole(after_step, "after_step"), every_steps, elapsed_s);
  });
}

int32_t nrw_model_sync_log(nrw_model* model, nrw_error* err) noexcept {
  return with_model(model, err, [](Model& m) { m.log.sync(); });
}

int32_t nrw_model_close_log(nrw_model* model, nrw_error* err) noexcept {
  return with_model(model, err, [](Model& m) { m.log.close(); });
}

int32_t nrw_model_stop(nrw_model* model, uint32_t stop, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(model != nullptr, "model: is null");
    model->model.stop = stop != 0;
  });
}

int32_t nrw_model_progress(nrw_model* model, double* progress, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(model != nullptr && progress != nullptr, "model or progress: is null");
    const Progress& p = model->model.progress;
    const double values[6] = {p.step, p.done, p.batches, p.loss, p.rows_per_second, p.wait_share};
    std::copy_n(values, 6, progress);
  });
}

int32_t nrw_model_close(nrw_model* model, nrw_error* err) noexcept {
  return guarded(err, [&] {
    if (model == nullptr) return;
    model->model.stop = true;
    Busy::take_for_ever(model->busy);
    Busy::take_for_ever(model->twinning);
    delete model;
  });
}

}  // extern "C"
