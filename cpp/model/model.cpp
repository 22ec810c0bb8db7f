// Setting up, and tensors in and out.
#include "model/model.h"

#include <cmath>

#include "base/float_mode.h"
#include "base/status.h"

namespace nrw {

namespace {
void require_open(const std::unique_ptr<Network>& network) {
  if (network != nullptr) throw Error(NRW_INVALID_ARGUMENT, "the model is built: its shape is fixed");
}
}  // namespace

void Model::add_layer(uint32_t part, const LayerSpec& spec) {
  require_open(network_);
  if (part > NRW_DECODER) throw Error(NRW_INVALID_ARGUMENT, format("part: must be 0 or 1, got %u", part));
  PlannedLayer layer;
  layer.part = part;
  layer.index = static_cast<uint32_t>(parts_[part].size());
  validate(spec, layer.name());
  parts_[part].push_back(spec);
}

void Model::set_reduction(Reduction reduction) {
  require_open(network_);
  reduction_ = reduction;
}

void Model::set_optimizer(const OptimizerSettings& settings) {
  require_open(network_);
  validate(settings);
  const SparseUpdate sparse = optimizer_.sparse;
  optimizer_ = settings;
  optimizer_.sparse = sparse;
}

void Model::set_sparse_update(SparseUpdate update) {
  require_open(network_);
  optimizer_.sparse = update;
}

void Model::set_factored(const FactoredSettings& settings) {
  require_open(network_);
  const LeastSquaresSettings& rule = settings.least_squares;
  const auto require = [](bool good, const char* what, double value) {
    if (!good) throw Error(NRW_INVALID_ARGUMENT, format("factored: %s, got %g", what, value));
  };
  require(rule.beta > 0 && rule.beta < 1, "beta must be in (0, 1)", rule.beta);
  require(std::isfinite(rule.ridge) && rule.ridge >= 0, "ridge must be at least 0", rule.ridge);
  require(std::isfinite(rule.kappa) && rule.kappa >= 0, "kappa must be at least 0", rule.kappa);
  require(std::isfinite(settings.weight_decay) && settings.weight_decay >= 0, "weight_decay must be at least 0",
          settings.weight_decay);
  require(std::isfinite(settings.rows) && settings.rows >= 0, "rows must be at least 0", settings.rows);
  factored_ = settings;
}

void Model::set_precision(bool bf16) {
  require_open(network_);
  bf16_ = bf16;
}

void Model::set_dense(bool dense) {
  require_open(network_);
  dense_ = dense;
}

Plan Model::plan() const {
  Plan plan = make_plan(columns_, parts_[NRW_ENCODER], parts_[NRW_DECODER], dense_);
  plan.factored = factored_;
  return plan;
}

Estimate Model::estimate(uint32_t batch_rows, double nnz_per_row) const {
  return nrw::estimate(plan(), optimizer_, threads_, batch_rows, nnz_per_row);
}

void Model::build() {
  require_open(network_);
  const FlushToZero mode;
  network_ =
      std::make_unique<Network>(plan(), optimizer_, reduction_, seed_, threads_, bf16_ ? bf16_kernels() : nullptr);
}

std::unique_ptr<Model> Model::twin() const {
  if (network_ == nullptr) throw Error(NRW_INVALID_ARGUMENT, "the model is not built: call nrw_model_build first");
  auto twin = std::make_unique<Model>(columns_, seed_, 1);
  for (int part : {NRW_ENCODER, NRW_DECODER}) twin->parts_[part] = parts_[part];
  twin->reduction_ = reduction_;
  twin->optimizer_ = optimizer_;
  twin->factored_ = factored_;
  twin->bf16_ = bf16_;
  twin->dense_ = dense_;
  const FlushToZero mode;
  twin->network_ = std::make_unique<Network>(plan(), optimizer_, reduction_, seed_, 1, nullptr, false);
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

void Model::write(const Tensor& tensor, uint64_t first, uint64_t rows, const uint8_t* in, uint64_t bytes) {
  const FlushToZero mode;
  check_rows(tensor, first, rows, bytes);
  write_rows(network().pool(), tensor, first, rows, in);
}

}  // namespace nrw
