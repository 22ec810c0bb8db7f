#include "layers/batch_norm.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {{.name = "eps",
                              .type = Field::Type::kNumber,
                              .about = "small number added to the variance",
                              .fallback = "1e-05",
                              .minimum = 0,
                              .maximum = 1,
                              .above = true,
                              .value = true,
                              .example = "1e-05"},
                             {.name = "momentum",
                              .type = Field::Type::kNumber,
                              .about = "weight of a batch in the running statistics",
                              .fallback = "0.1",
                              .minimum = 0,
                              .maximum = 1,
                              .above = true,
                              .example = "0.1"}};

std::vector<TensorSpec> tensors(const Settings&, const Shape&, const Shape& output) {
  return {{.name = "weight", .sizes = {output.channels()}, .constant = 1},
          {.name = "bias", .sizes = {output.channels()}}};
}

// The statistics of a batch and the running ones.
size_t workspace(const Settings&, const Shape&, const Shape& output, uint32_t, unsigned) {
  return 4 * size_t{output.channels()} * sizeof(float);
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<BatchNorm>(context); }

}  // namespace

const LayerType batch_norm_type = {
    .name = "batch_norm",
    .about =
        "normalises each column over the rows of a batch, then scales and shifts it; of signals and images each "
        "channel",
    .fields = kFields,
    .output = same_shape,
    .tensors = tensors,
    .workspace = workspace,
    .make = make,
    .torch = "nn.BatchNorm{axes}d({channels}, {eps}, {momentum})",
    .onnx = "BatchNormalization(x, weight, bias, running_mean, running_var; epsilon={eps})"};

BatchNorm::BatchNorm(const LayerContext& context)
    : products_(context.products),
      width_(context.output.channels()),
      places_(context.output.places()),
      eps_(context.settings.number("eps")),
      momentum_(context.settings.number("momentum")),
      mean_(width_),
      var_(width_) {
  const auto specs = tensors(context.settings, context.input, context.output);
  gamma_ = Parameter(specs[0]);
  beta_ = Parameter(specs[1]);
  running_mean_.name = "running_mean";
  running_mean_.value = AlignedBuffer<float>(width_);
  running_var_.name = "running_var";
  running_var_.value = AlignedBuffer<float>(width_);
  std::fill(running_var_.value.begin(), running_var_.value.end(), 1.0f);
  num_batches_tracked_.name = "num_batches_tracked";
  num_batches_tracked_.is_count = true;
}

void BatchNorm::forward(const Pass& pass, const float* x, float* y) noexcept {
  const float* const mean = pass.training ? mean_.data() : running_mean_.value.data();
  const float* const var = pass.training ? var_.data() : running_var_.value.data();
  const size_t rows = pass.rows * places_;
  if (pass.training) batch_rows_ = rows;
  for_blocks(products_.pool(), width_, kUnitBlock, 4 * rows * width_, [&](size_t first, size_t count) {
    if (pass.training) batch_statistics(rows, width_, first, count, x, mean_.data(), var_.data());
    batch_norm_forward(rows, width_, first, count, eps_, x, gamma_.value.data(), beta_.value.data(), mean, var, y);
  });
}

void BatchNorm::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const size_t rows = pass.rows * places_;
  for_blocks(products_.pool(), width_, kUnitBlock, 4 * rows * width_, [&](size_t first, size_t count) {
    batch_norm_backward(rows, width_, first, count, eps_, x, gamma_.value.data(), mean_.data(), var_.data(), d_y, d_x,
                        gamma_.gradient.data(), beta_.gradient.data());
  });
}

void BatchNorm::commit() noexcept {
  const double n = static_cast<double>(batch_rows_);
  const auto move = [&](float& running, double batch) {
    running = static_cast<float>((1 - momentum_) * running + momentum_ * batch);
  };
  for (uint32_t j = 0; j < width_; ++j) {
    move(running_mean_.value[j], mean_[j]);
    if (batch_rows_ > 1) move(running_var_.value[j], var_[j] * n / (n - 1));
  }
  num_batches_tracked_.count += 1;
}

}  // namespace nrw
