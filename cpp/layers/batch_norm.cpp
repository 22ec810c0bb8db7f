#include "layers/batch_norm.h"

namespace nrw {

BatchNorm::BatchNorm(Products& products, uint32_t width, double eps, double momentum)
    : products_(products), width_(width), eps_(eps), momentum_(momentum), mean_(width), var_(width) {
  gamma_.name = "weight";
  beta_.name = "bias";
  gamma_.rows = beta_.rows = width;
  running_mean_.name = "running_mean";
  running_mean_.value = AlignedBuffer<float>(width);
  running_var_.name = "running_var";
  running_var_.value = AlignedBuffer<float>(width);
  std::fill(running_var_.value.begin(), running_var_.value.end(), 1.0f);
  num_batches_tracked_.name = "num_batches_tracked";
  num_batches_tracked_.is_count = true;
}

void BatchNorm::forward(const Pass& pass, const float* x, float* y) noexcept {
  const float* const mean = pass.training ? mean_.data() : running_mean_.value.data();
  const float* const var = pass.training ? var_.data() : running_var_.value.data();
  if (pass.training) batch_rows_ = pass.rows;
  for_blocks(products_.pool(), width_, kUnitBlock, 4 * size_t{pass.rows} * width_, [&](size_t first, size_t count) {
    if (pass.training) batch_statistics(pass.rows, width_, first, count, x, mean_.data(), var_.data());
    batch_norm_forward(pass.rows, width_, first, count, eps_, x, gamma_.value.data(), beta_.value.data(), mean, var, y);
  });
}

void BatchNorm::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  for_blocks(products_.pool(), width_, kUnitBlock, 4 * size_t{pass.rows} * width_, [&](size_t first, size_t count) {
    batch_norm_backward(pass.rows, width_, first, count, eps_, x, gamma_.value.data(), mean_.data(), var_.data(), d_y,
                        d_x, gamma_.gradient.data(), beta_.gradient.data());
  });
}

void BatchNorm::commit() noexcept {
  const double n = batch_rows_;
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
