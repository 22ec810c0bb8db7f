// Setting up, and tensors in and out.
#include "model/model.h"

#include <cmath>

#include "base/float_mode.h"
#include "base/status.h"

namespace nrw {

Estimate Model::estimate(uint32_t batch_rows, double nnz_per_row) const {
  return nrw::estimate(plan_, spec_.optimizer, spec_.threads, batch_rows, nnz_per_row);
}

void Model::set_column_weights(std::vector<float> weights) {
  const auto refuse = [](nrw_status code, const std::string& what) {
    throw Error(code, "loss.column_weights: " + what);
  };
  if (network_ != nullptr) throw Error(NRW_INVALID_ARGUMENT, "the model is built already");
  if (weights.size() != plan_.columns) {
    refuse(NRW_INVALID_ARGUMENT, format("%zu weights for %u columns", weights.size(), plan_.columns));
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    if (std::isfinite(weights[i]) && weights[i] >= 0) continue;
    refuse(NRW_INVALID_ARGUMENT, format("the weight of column %zu must be 0 or more, got %g", i, double{weights[i]}));
  }
  if (!plan_.loss.type->separable) {
    refuse(NRW_UNSUPPORTED,
           format("are for losses that are a sum over columns; %s takes a row as a whole", plan_.loss.type->name));
  }
  if (plan_.last().solver == Solver::kFactoredOutput) {
    refuse(NRW_UNSUPPORTED, "the factored output layer counts all columns alike; use solver: dense");
  }
  column_weights_ = std::move(weights);
}

void Model::build() {
  if (network_ != nullptr) throw Error(NRW_INVALID_ARGUMENT, "the model is built already");
  const FlushToZero mode;
  network_ = std::make_unique<Network>(plan_, spec_.optimizer, spec_.reduction(), spec_.seed, spec_.threads,
                                       spec_.bf16 ? bf16_kernels() : nullptr);
  network_->set_column_weights(column_weights_);
}

std::unique_ptr<Model> Model::twin() const {
  if (network_ == nullptr) throw Error(NRW_INVALID_ARGUMENT, "the model is not built: call nrw_model_build first");
  ModelSpec spec = spec_;
  spec.threads = 1;
  auto twin = std::make_unique<Model>(std::move(spec));
  const FlushToZero mode;
  twin->network_ = std::make_unique<Network>(plan_, spec_.optimizer, spec_.reduction(), spec_.seed, 1, nullptr, false);
  return twin;
}

void Model::copy_state(Model& from) {
  const FlushToZero mode;
  const auto same = [](const Plan& a, const Plan& b) {
    return a.columns == b.columns && a.dense == b.dense && a.layers.size() == b.layers.size() &&
           a.parameters() == b.parameters();
  };
  if (!same(network().plan(), from.network().plan())) {
    throw Error(NRW_INVALID_ARGUMENT, "from: is another network");
  }
  network().copy_state(from.network());
  step = from.step;
}

Network& Model::network() {
  if (network_ == nullptr) throw Error(NRW_INVALID_ARGUMENT, "the model is not built: call nrw_model_build first");
  return *network_;
}

void Model::check_rows(const Tensor& tensor, uint64_t first, uint64_t rows, uint64_t bytes) const {
  const uint64_t all = tensor.first_dimension();
  if (first > all || rows > all - first) {
    throw Error(NRW_INVALID_ARGUMENT,
                format("%s: rows %llu to %llu are outside of its %llu", tensor.name.c_str(),
                       static_cast<unsigned long long>(first), static_cast<unsigned long long>(first + rows),
                       static_cast<unsigned long long>(all)));
  }
  if (bytes != rows * tensor.row_bytes()) {
    throw Error(
        NRW_INVALID_ARGUMENT,
        format("%s: %llu rows are %llu bytes, got %llu", tensor.name.c_str(), static_cast<unsigned long long>(rows),
               static_cast<unsigned long long>(rows * tensor.row_bytes()), static_cast<unsigned long long>(bytes)));
  }
}

// An update that waits is made first, and rows that are behind are caught up, as in a step.
std::vector<Tensor> Model::tensors() {
  const FlushToZero mode;
  return network().tensors();
}

void Model::read(const Tensor& tensor, uint64_t first, uint64_t rows, uint8_t* out, uint64_t bytes) {
  const FlushToZero mode;
  check_rows(tensor, first, rows, bytes);
  read_rows(network().pool(), tensor, first, rows, out);
}

void Model::read_column(const Tensor& tensor, uint64_t column, uint8_t* out, uint64_t bytes) {
  const FlushToZero mode;
  const char* const name = tensor.name.c_str();
  if (tensor.type() != NRW_F32) throw Error(NRW_INVALID_ARGUMENT, format("%s: is no tensor of 32-bit numbers", name));
  if (column >= tensor.view.columns) {
    throw Error(NRW_INVALID_ARGUMENT, format("%s: its rows have %zu values, and none at place %llu", name,
                                             tensor.view.columns, static_cast<unsigned long long>(column)));
  }
  if (bytes != tensor.view.rows * sizeof(float)) {
    throw Error(NRW_INVALID_ARGUMENT, format("%s: a column is %zu bytes, got %llu", name,
                                             tensor.view.rows * sizeof(float), static_cast<unsigned long long>(bytes)));
  }
  nrw::read_column(tensor, column, out);
}

void Model::write(const Tensor& tensor, uint64_t first, uint64_t rows, const uint8_t* in, uint64_t bytes) {
  const FlushToZero mode;
  check_rows(tensor, first, rows, bytes);
  write_rows(network().pool(), tensor, first, rows, in);
}

}  // namespace nrw
