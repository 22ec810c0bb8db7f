// nrw_train, nrw_evaluate and the other functions that run a model over batches: see narrows.h.
#include <algorithm>

#include "api/handles.h"
#include "api/model_handle.h"
#include "api/numbers.h"
#include "base/json.h"

using namespace nrw;
using namespace nrw::api;

namespace {

// Calls body(model, source) with both handles locked.
template <class Body>
int32_t with_batches(nrw_model* model, nrw_batches* batches, nrw_error* err, Body&& body) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(batches != nullptr, "batches: is null");
    const Busy busy(batches->busy);
    body(m, batches->source());
  });
}

void copy(const TrainResult& r, double* result) {
  const double values[12] = {static_cast<double>(r.steps),
                             static_cast<double>(r.rows),
                             r.loss_sum,
                             r.last_loss,
                             r.last_gradient_norm,
                             r.largest_gradient_norm,
                             r.wait_ms,
                             r.compute_ms,
                             static_cast<double>(r.batches_left),
                             r.largest_loss,
                             static_cast<double>(r.nnz),
                             r.forward_ms};
  std::copy_n(values, 12, result);
}

}  // namespace

extern "C" {

int32_t nrw_train(nrw_model* model, nrw_batches* batches, const double* learning_rates, uint32_t learning_rate_count,
                  double epoch, double chunk, double* result, double* step_losses, nrw_error* err) noexcept {
  return with_batches(model, batches, err, [&](Model& m, BatchSource& source) {
    require(result != nullptr, "result: is null");
    require(learning_rates != nullptr || learning_rate_count == 0, "learning_rates: is null");
    TrainResult r;
    r.losses = step_losses;
    try {
      m.train(source, {learning_rates, learning_rate_count}, epoch, chunk, r);
    } catch (...) {
      copy(r, result);
      throw;
    }
    copy(r, result);
  });
}

int32_t nrw_evaluate(nrw_model* model, nrw_batches* batches, double* result, double* column_sse, double* column_sum,
                     double* column_sumsq, nrw_error* err) noexcept {
  return with_batches(model, batches, err, [&](Model& m, BatchSource& source) {
    require(result != nullptr, "result: is null");
    const bool some = column_sse != nullptr || column_sum != nullptr || column_sumsq != nullptr;
    const bool all = column_sse != nullptr && column_sum != nullptr && column_sumsq != nullptr;
    require(!some || all, "column_sse, column_sum, column_sumsq: either all or none are null");
    const EvaluateResult r = m.evaluate(source, {column_sse, column_sum, column_sumsq});
    const double values[12] = {static_cast<double>(r.rows),
                               r.loss,
                               r.squared_error,
                               r.sum,
                               r.sum_squares,
                               static_cast<double>(r.nnz),
                               r.ms,
                               static_cast<double>(source.columns()),
                               r.loss_sum,
                               r.fit.perfect,
                               r.fit.constant,
                               r.weight};
    std::copy_n(values, 12, result);
  });
}

int32_t nrw_mean_loss(nrw_model* model, double rows, const double* column_sum, double* result,
                      nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(column_sum != nullptr && result != nullptr, "column_sum or result: is null");
    require(rows > 0, "rows: must be above 0");
    *result = m.mean_loss(rows, column_sum);
  });
}

int32_t nrw_evaluate_begin(nrw_model* model, double rows, double nnz, uint32_t by_column, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(rows >= 0 && nnz >= 0, "rows, nnz: must be at least 0");
    m.begin_evaluation(rows, nnz, by_column != 0);
  });
}

int32_t nrw_evaluate_end(nrw_model* model, double* result, double* column_sse, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(result != nullptr, "result: is null");
    const Model::Deferred deferred = m.end_evaluation(column_sse);
    result[0] = deferred.squared_error;
    result[1] = deferred.loss_rows;
  });
}

int32_t nrw_code_sums(nrw_model* model, double* sums, uint64_t capacity, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(sums != nullptr, "sums: is null");
    m.code_sums(sums, capacity);
  });
}

int32_t nrw_refit_begin(nrw_model* model, nrw_error* err) noexcept {
  return with_model(model, err, [](Model& m) { m.begin_refit(); });
}

int32_t nrw_refit(nrw_model* model, nrw_batches* batches, uint32_t held_out, nrw_error* err) noexcept {
  return with_batches(model, batches, err, [&](Model& m, BatchSource& source) { m.refit(source, held_out != 0); });
}

int32_t nrw_refit_end(nrw_model* model, nrw_error* err) noexcept {
  return with_model(model, err, [](Model& m) { m.end_refit(); });
}

int32_t nrw_embed(nrw_model* model, nrw_batches* batches, float* out, double capacity, double* rows,
                  nrw_error* err) noexcept {
  return with_batches(model, batches, err, [&](Model& m, BatchSource& source) {
    require(rows != nullptr && (out != nullptr || capacity == 0), "out or rows: is null");
    *rows = static_cast<double>(m.embed(source, out, whole(capacity, "capacity")));
  });
}

int32_t nrw_reconstruct(nrw_model* model, nrw_batches* batches, const uint32_t* columns, uint32_t column_count,
                        float* out, double capacity, double* rows, nrw_error* err) noexcept {
  return with_batches(model, batches, err, [&](Model& m, BatchSource& source) {
    require(rows != nullptr && (out != nullptr || capacity == 0), "out or rows: is null");
    require(columns != nullptr || column_count == 0, "columns: is null");
    *rows = static_cast<double>(m.reconstruct(source, columns, column_count, out, whole(capacity, "capacity")));
  });
}

int32_t nrw_decode(nrw_model* model, const float* latent, uint32_t rows, const uint32_t* columns, uint32_t column_count,
                   float* out, double capacity, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(rows == 0 || (latent != nullptr && out != nullptr), "latent or out: is null");
    require(columns != nullptr || column_count == 0, "columns: is null");
    m.decode(latent, rows, columns, column_count, out, whole(capacity, "capacity"));
  });
}

int32_t nrw_decoder_jacobian(nrw_model* model, const float* latent, const uint32_t* columns, uint32_t column_count,
                             float* out, double capacity, nrw_error* err) noexcept {
  return with_model(model, err, [&](Model& m) {
    require(latent != nullptr && out != nullptr, "latent or out: is null");
    require(columns != nullptr || column_count == 0, "columns: is null");
    m.decoder_jacobian(latent, columns, column_count, out, whole(capacity, "capacity"));
  });
}

int32_t nrw_encoder_jacobian(nrw_model* model, nrw_batches* batches, float* out, double capacity, double* rows,
                             nrw_error* err) noexcept {
  return with_batches(model, batches, err, [&](Model& m, BatchSource& source) {
    require(rows != nullptr && (out != nullptr || capacity == 0), "out or rows: is null");
    *rows = static_cast<double>(m.encoder_jacobians(source, out, whole(capacity, "capacity")));
  });
}

int32_t nrw_layer_outputs(nrw_model* model, nrw_batches* batches, const uint8_t* layers, uint32_t layers_bytes,
                          float* out, double capacity, double* rows, nrw_error* err) noexcept {
  return with_batches(model, batches, err, [&](Model& m, BatchSource& source) {
    require(layers != nullptr, "layers: is null");
    require(rows != nullptr && (out != nullptr || capacity == 0), "out or rows: is null");
    const Json given = Json::parse({reinterpret_cast<const char*>(layers), layers_bytes});
    require(given.is(Json::Kind::kList) && !given.items.empty(), "layers: must be a list of at least one name");
    std::vector<std::string> names;
    for (const Json& name : given.items) {
      require(name.is(Json::Kind::kText), "layers: must be a list of names");
      names.push_back(name.text);
    }
    *rows = static_cast<double>(m.layer_outputs(source, names, out, whole(capacity, "capacity")));
  });
}

int32_t nrw_model_backward(nrw_model* model, nrw_batches* batches, double* loss, nrw_error* err) noexcept {
  return with_batches(model, batches, err, [&](Model& m, BatchSource& source) {
    require(loss != nullptr, "loss: is null");
    *loss = m.backward(source);
  });
}

int32_t nrw_model_zero_gradients(nrw_model* model, nrw_error* err) noexcept {
  return with_model(model, err, [](Model& m) { m.zero_gradients(); });
}

}  // extern "C"
