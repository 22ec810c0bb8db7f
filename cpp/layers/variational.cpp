#include "layers/variational.h"

#include "layers/reordered.h"
#include "layers/row_draws.h"

namespace nrw {

namespace {

constexpr size_t kRows = 8;  // a task

constexpr Field kFields[] = {
    {.name = "size",
     .type = Field::Type::kCount,
     .about = "number of latent values",
     .minimum = 1,
     .maximum = 16777216,
     .value = true,
     .example = "10"},
    {.name = "weight",
     .type = Field::Type::kNumber,
     .about = "what the KL divergence from the standard normal distribution is multiplied by in the loss; its sum over "
              "latent values is scaled by loss.reduction as the loss of a row is",
     .fallback = "1",
     .minimum = 0},
    {.name = "warm_up",
     .type = Field::Type::kCount,
     .about = "number of optimizer steps in which the weight rises linearly from 0; validation always takes the whole "
              "weight",
     .fallback = "0",
     .minimum = 0,
     .maximum = 4294967295.0,
     .tag = {.name = "epochs", .about = "the same in epochs, or parts of one", .minimum = 0},
     .example = "{\"epochs\": 2}"},
};

Shape output(const Settings& settings, const Shape&) { return Shape::flat(settings.count("size")); }

std::vector<TensorSpec> tensors(const Settings&, const Shape& input, const Shape& output) {
  const auto in = static_cast<uint32_t>(input.size()), out = static_cast<uint32_t>(output.size());
  std::vector<TensorSpec> all;
  for (const char* map : {"mean.", "log_variance."}) {
    for (TensorSpec spec : {Linear::weight_spec(in, out), Linear::bias_spec(in, out)}) {
      spec.name = map + spec.name;
      all.push_back(std::move(spec));
    }
  }
  return all;
}

size_t workspace(const Settings&, const Shape& input, const Shape& output, uint32_t rows, unsigned) {
  const auto in = static_cast<uint32_t>(input.size()), out = static_cast<uint32_t>(output.size());
  return (2 * Linear::workspace(rows, in, out) + size_t{rows} * (5 * size_t{out} + in)) * sizeof(float) +
         Reordered::workspace(input, output, rows);
}

std::unique_ptr<Layer> make(const LayerContext& context) {
  return Reordered::where_needed(std::make_unique<Variational>(context), context.products, context.input,
                                 context.output);
}

// In steps. Throws where epochs are given, but not how many steps one has.
double warm_up_steps(const LayerContext& context) {
  const Settings& settings = context.settings;
  const Json& given = settings.value("warm_up");
  if (given.is(Json::Kind::kNumber)) return given.number;
  settings.require(context.steps_per_epoch > 0, "warm_up",
                   "the number of steps of an epoch is not known here, so give a number of steps");
  return given.members.at(0).second.number * context.steps_per_epoch;
}

}  // namespace

const LayerType variational_type = {
    .name = "variational",
    .about =
        "the code of a variational autoencoder: a mean and the logarithm of a variance, between -15 and 15, of each "
        "latent value; a sample in training, the mean else",
    .fields = kFields,
    .output = output,
    .tensors = tensors,
    .workspace = workspace,
    .make = make,
    .divergence = true};

Variational::Variational(const LayerContext& context)
    : products_(context.products),
      inputs_(static_cast<uint32_t>(context.input.size())),
      units_(static_cast<uint32_t>(context.output.size())),
      weight_(context.settings.number("weight")),
      warm_up_(warm_up_steps(context)),
      seed_(context.seed),
      layer_(context.number),
      mean_map_(products_, inputs_, units_, true, nullptr),
      log_variance_map_(products_, inputs_, units_, true, nullptr) {
  for (Parameter* parameter : mean_map_.parameters()) parameter->name = "mean." + parameter->name;
  for (Parameter* parameter : log_variance_map_.parameters()) parameter->name = "log_variance." + parameter->name;
}

std::vector<Parameter*> Variational::parameters() {
  std::vector<Parameter*> all = mean_map_.parameters();
  for (Parameter* parameter : log_variance_map_.parameters()) all.push_back(parameter);
  return all;
}

void Variational::reserve(uint32_t rows) {
  mean_map_.reserve(rows);
  log_variance_map_.reserve(rows);
  for (AlignedBuffer<float>* buffer : {&mean_, &log_variance_, &noise_, &d_mean_, &d_log_variance_}) {
    buffer->reserve(size_t{rows} * units_);
  }
  d_x_.reserve(size_t{rows} * inputs_);
  partial_.reserve((rows + kRows - 1) / kRows);
}

double Variational::weight_at(const Pass& pass) const noexcept {
  const double step = static_cast<double>(pass.step);
  return pass.training && step < warm_up_ ? weight_ * step / warm_up_ : weight_;
}

void Variational::forward(const Pass& pass, const float* x, float* y) noexcept {
  mean_map_.forward(pass, x, mean_.data());
  log_variance_map_.forward(pass, x, log_variance_.data());
  const RowDraws draws(products_.kernels(), seed_, Purpose::kNoise, layer_, pass.step);
  for_blocks(products_.pool(), pass.rows, kRows, 64 * size_t{pass.rows} * units_, [&](size_t first, size_t count) {
    double sum = 0;
    for (size_t i = first; i < first + count; ++i) {
      const size_t at = i * units_;
      sum += pass.weight(i) * divergence(units_, mean_.data() + at, log_variance_.data() + at);
      if (pass.training) {
        draws.normals(pass.row_id[i], units_, noise_.data() + at);
        sample(units_, mean_.data() + at, log_variance_.data() + at, noise_.data() + at, y + at);
      } else {
        std::copy_n(mean_.data() + at, units_, y + at);
      }
    }
    partial_[first / kRows] = sum;
  });
  double sum = 0;
  for (size_t task = 0; task < (pass.rows + kRows - 1) / kRows; ++task) sum += partial_[task];
  penalty_ = weight_at(pass) * sum;
}

// A task takes some units over all rows.
void Variational::add_divergences(size_t rows, double* sums) const noexcept {
  for_blocks(products_.pool(), units_, 16, 64 * rows * units_, [&](size_t first, size_t count) {
    for (size_t i = 0; i < rows; ++i) {
      const float *const mean = mean_.data() + i * units_, *const log_variance = log_variance_.data() + i * units_;
      for (size_t j = first; j < first + count; ++j) sums[j] += divergence_of_unit(mean[j], log_variance[j]);
    }
  });
}

void Variational::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const auto weight = static_cast<float>(pass.factor * weight_at(pass));
  const size_t n = size_t{pass.rows} * units_;
  for_blocks(products_.pool(), pass.rows, kRows, 32 * n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const size_t at = i * units_;
      const float cost = pass.row_weight == nullptr ? weight : weight * pass.row_weight[i];
      sample_backward(units_, cost, mean_.data() + at, log_variance_.data() + at, noise_.data() + at, d_y + at,
                      d_mean_.data() + at, d_log_variance_.data() + at);
    }
  });
  mean_map_.backward(pass, x, d_mean_.data(), d_x);
  log_variance_map_.backward(pass, x, d_log_variance_.data(), d_x == nullptr ? nullptr : d_x_.data());
  if (d_x == nullptr) return;
  const size_t inputs = size_t{pass.rows} * inputs_;
  for_blocks(products_.pool(), inputs, 4096, 2 * inputs,
             [&](size_t at, size_t count) { products_.kernels().add(count, d_x_.data() + at, d_x + at); });
}

}  // namespace nrw
