#include "layers/jump_relu.h"

namespace nrw {

namespace {

constexpr size_t kRows = 8;    // places that a task of the forward pass takes
constexpr size_t kUnits = 64;  // units whose gradients a task sums side by side

constexpr Field kFields[] = {{.name = "weight",
                              .type = Field::Type::kNumber,
                              .about = "what the number of values above their threshold is multiplied by in the loss; "
                                       "it is scaled by loss.reduction as the loss of a row is",
                              .minimum = 0,
                              .value = true,
                              .example = "0.001"},
                             {.name = "threshold",
                              .type = Field::Type::kNumber,
                              .about = "what the learned thresholds start at",
                              .fallback = "0.001",
                              .minimum = 0,
                              .above = true},
                             {.name = "bandwidth",
                              .type = Field::Type::kNumber,
                              .about = "width of the range around a threshold whose values move it",
                              .fallback = "0.001",
                              .minimum = 0,
                              .above = true}};

size_t tasks_of(size_t places) noexcept { return (places + kRows - 1) / kRows; }

std::vector<TensorSpec> tensors(const Settings& settings, const Shape&, const Shape& output) {
  return {{.name = "log_threshold", .sizes = {output.channels()}, .constant = std::log(settings.number("threshold"))}};
}

size_t workspace(const Settings&, const Shape&, const Shape& output, uint32_t rows, unsigned) {
  return output.channels() * sizeof(float) + tasks_of(rows * output.places()) * sizeof(double);
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<JumpRelu>(context); }

}  // namespace

const LayerType jump_relu_type = {
    .name = "jump_relu",
    .about = "x where it is above a learned threshold, else 0; adds the number of values above it to the loss",
    .fields = kFields,
    .output = same_shape,
    .tensors = tensors,
    .workspace = workspace,
    .make = make,
    .few_values = true};

JumpRelu::JumpRelu(const LayerContext& context)
    : products_(context.products),
      units_(context.output.channels()),
      places_(context.output.places()),
      weight_(context.settings.number("weight")),
      bandwidth_(static_cast<float>(context.settings.number("bandwidth"))),
      log_threshold_(tensors(context.settings, context.input, context.output).front()),
      threshold_(units_) {}

void JumpRelu::reserve(uint32_t rows) { above_.reserve(tasks_of(rows * places_)); }

void JumpRelu::forward(const Pass& pass, const float* x, float* y) noexcept {
  for (size_t j = 0; j < units_; ++j) threshold_[j] = std::exp(log_threshold_.value[j]);
  const size_t places = pass.rows * places_;
  for_blocks(products_.pool(), places, kRows, 4 * places * units_, [&](size_t first, size_t count) {
    double above = 0;
    for (size_t place = first; place < first + count; ++place) {
      const size_t at = place * units_;
      uint64_t here = 0;
      for (size_t j = 0; j < units_; ++j) {
        const bool kept = x[at + j] > threshold_[j];
        y[at + j] = kept ? x[at + j] : x[at + j] - x[at + j];  // what is not finite is passed on as NaN
        here += kept;
      }
      above += pass.weight(place / places_) * static_cast<double>(here);
    }
    above_[first / kRows] = above;
  });
  double above = 0;
  for (size_t task = 0; task < tasks_of(places); ++task) above += above_[task];
  penalty_ = weight_ * above;
}

void JumpRelu::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const size_t places = pass.rows * places_, work = 4 * places * units_;
  const auto weight = static_cast<float>(pass.factor * weight_);
  for_blocks(products_.pool(), units_, kUnits, work, [&](size_t first, size_t count) {
    double sums[kUnits] = {};
    const float* const threshold = threshold_.data() + first;
    for (size_t place = 0; place < places; ++place) {
      const size_t at = place * units_ + first;
      const float cost = pass.row_weight == nullptr ? weight : weight * pass.row_weight[place / places_];
      for (size_t j = 0; j < count; ++j) {
        sums[j] += jump_relu_threshold_gradient(x[at + j], threshold[j], bandwidth_, d_y[at + j], cost);
      }
    }
    for (size_t j = 0; j < count; ++j) log_threshold_.gradient[first + j] += static_cast<float>(sums[j]);
  });
  if (d_x == nullptr) return;
  const float* const threshold = threshold_.data();
  for_blocks(products_.pool(), places, kRows, work, [&](size_t first, size_t count) {
    for (size_t at = first * units_; at < (first + count) * units_; at += units_) {
      for (size_t j = 0; j < units_; ++j) d_x[at + j] = static_cast<float>(x[at + j] > threshold[j]) * d_y[at + j];
    }
  });
}

}  // namespace nrw
