// nrw_model_*: set-up, layers, the log and the ends of a handle. See narrows.h.
#include <algorithm>
#include <string>

#include "api/model_handle.h"
#include "api/numbers.h"

using namespace nrw;
using namespace nrw::api;

extern "C" {

int32_t nrw_model_create(uint32_t columns, uint64_t seed, uint32_t threads, nrw_model** out, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(out != nullptr, "out: is null");
    *out = nullptr;
    require(columns != 0, "columns: must be at least 1");
    require(threads >= 1 && threads <= 1024, "threads: must be in [1, 1024]");
    *out = new nrw_model(std::make_unique<Model>(columns, seed, threads));
  });
}

int32_t nrw_model_add_layer(nrw_model* model, uint32_t part, uint32_t kind, uint32_t size, double p0, double p1,
                            uint32_t flags, uint32_t init, double init_p, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) { m.add_layer(part, {kind, size, p0, p1, flags, init, init_p}); });
}

int32_t nrw_model_set_loss(nrw_model* model, uint32_t kind, uint32_t reduction, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(kind == NRW_LOSS_MSE, "loss: unknown kind; this build has: mse");
    require(reduction <= NRW_REDUCE_SUM, "loss: unknown reduction");
    m.set_reduction(static_cast<Reduction>(reduction));
  });
}

int32_t nrw_model_set_optimizer(nrw_model* model, uint32_t kind, const double* params, double gradient_clip,
                                nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(kind <= NRW_RMSPROP, "optimizer: unknown kind");
    require(params != nullptr, "params: is null");
    OptimizerSettings settings;
    settings.kind = static_cast<OptimizerKind>(kind);
    settings.weight_decay = params[0];
    settings.momentum = kind == NRW_SGD || kind == NRW_RMSPROP ? params[1] : 0;
    settings.nesterov = kind == NRW_SGD && params[2] != 0;
    if (kind == NRW_RMSPROP) {
      settings.beta2 = params[3];
    } else {
      settings.beta1 = params[3];
      settings.beta2 = params[4];
    }
    settings.eps = params[5];
    settings.gradient_clip = gradient_clip;
    m.set_optimizer(settings);
  });
}

int32_t nrw_model_set_factored(nrw_model* model, const double* params, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(params != nullptr, "params: is null");
    require(params[4] == 0 || params[4] == 1, "factored: unknown rule");
    m.set_factored({.rule = static_cast<uint32_t>(params[4]),
                    .least_squares = {.beta = params[0], .ridge = params[1], .kappa = params[2]},
                    .rows = params[3],
                    .weight_decay = params[5]});
  });
}

int32_t nrw_model_set_sparse_update(nrw_model* model, uint32_t mode, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(mode <= NRW_SPARSE_LAZY, "mode: must be 0 (exact) or 1 (lazy)");
    m.set_sparse_update(static_cast<SparseUpdate>(mode));
  });
}

int32_t nrw_model_set_data(nrw_model* model, uint32_t form, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(form <= NRW_DATA_DENSE, "form: must be 0 (sparse) or 1 (dense)");
    m.set_dense(form == NRW_DATA_DENSE);
  });
}

int32_t nrw_model_set_precision(nrw_model* model, uint32_t precision, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(precision <= NRW_PRECISION_BF16, "precision: must be 0 (f32) or 1 (bf16)");
    m.set_precision(precision == NRW_PRECISION_BF16);
  });
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

int32_t nrw_model_layer(nrw_model* model, uint32_t layer_index, double* layer, uint32_t* count,
                        nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(layer != nullptr && count != nullptr, "layer or count: is null");
    const Plan plan = m.plan();
    *count = static_cast<uint32_t>(plan.layers.size());
    require(layer_index < *count, "layer_index: is past the last layer");
    const PlannedLayer& l = plan.layers[layer_index];
    const double values[8] = {static_cast<double>(l.part),      static_cast<double>(l.index),
                              static_cast<double>(l.spec.kind), static_cast<double>(l.inputs),
                              static_cast<double>(l.outputs),   static_cast<double>(l.parameters()),
                              static_cast<double>(l.solver),    static_cast<double>(l.linear() ? l.spec.flags : 0)};
    std::copy_n(values, 8, layer);
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

int32_t nrw_model_open_log(nrw_model* model, const uint8_t* path, uint32_t path_bytes, double after_step,
                           uint32_t every_steps, double elapsed_s, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(path != nullptr && path_bytes != 0, "path: is empty");
    require(every_steps != 0, "every_steps: must be at least 1");
    require(elapsed_s >= 0, "elapsed_s: must be at least 0");
    const std::string name(reinterpret_cast<const char*>(path), path_bytes);
    require(name.find('\0') == std::string::npos, "path: has a zero byte");
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
