// Training: forward, loss, backward, update.
#include "model/network.h"

#include <chrono>
#include <cmath>

#include "base/status.h"

namespace nrw {

namespace {

constexpr size_t kBlock = 8192;  // elements of a parameter that one task updates or sums

double ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

void require_finite(bool finite, const char* what, uint64_t t, uint64_t batch) {
  if (!finite) {
    throw Error(NRW_NON_FINITE,
                format("step %llu, batch %llu: %s is not finite; a lower learning rate or "
                       "gradient_clip may help",
                       static_cast<unsigned long long>(t), static_cast<unsigned long long>(batch), what));
  }
}

}  // namespace

void Network::reserve(uint32_t rows) {
  if (rows <= reserved_rows_) return;
  activations_.resize(plan_.layers.size() - 1);
  for (size_t i = 0; i < activations_.size(); ++i) activations_[i].reserve(size_t{rows} * width_at(i));
  for (AlignedBuffer<float>& d : d_) d.reserve(size_t{rows} * plan_.widest);
  for (const auto& layer : layers_) layer->reserve(rows);
  size_t blocks = 1;
  for (const Parameter* p : middle_) blocks = std::max(blocks, (p->size() + kBlock - 1) / kBlock);
  partial_.reserve(blocks);
  reserved_rows_ = rows;
}

Pass Network::pass(const SparseBatch& batch, bool training, uint64_t t) const noexcept {
  return {batch.rows, training, t, batch.row_id.data()};
}

void Network::forward_input(const SparseBatch& batch) {
  if (batch.columns != plan_.columns) {
    throw Error(NRW_INVALID_ARGUMENT, format("the batch has %u columns, the model %u", batch.columns, plan_.columns));
  }
  if (batch.dense != plan_.dense) {
    throw Error(NRW_INVALID_ARGUMENT, format("the batch has %s rows, the model is for %s ones",
                                             batch.dense ? "dense" : "sparse", plan_.dense ? "dense" : "sparse"));
  }
  reserve(batch.rows);
  const float* const bias = input_bias_.size() == 0 ? nullptr : input_bias_.value.data();
  input_->forward(batch, input_weight_.weights, bias, activations_[0].data());
}

void Network::forward_layers(const Pass& pass, size_t first, size_t last) noexcept {
  for (size_t i = first; i < last; ++i) layers_[i]->forward(pass, activations_[i].data(), activations_[i + 1].data());
}

const float* Network::backward_layers(const Pass& pass) noexcept {
  size_t at = 0;
  for (size_t i = middle(); i-- > 0; at ^= 1) {
    layers_[i]->backward(pass, activations_[i].data(), d_[at].data(), d_[at ^ 1].data());
  }
  if (input_bias_.size() != 0) {
    products_.add_column_sums(pass.rows, width_at(0), d_[at].data(), input_bias_.gradient.data());
  }
  return d_[at].data();
}

void Network::zero_middle() noexcept {
  for (Parameter* p : middle_) p->gradient.zero();
}

// One partial sum a block, added in order.
double Network::middle_sum_squares() noexcept {
  double sum = 0;
  for (const Parameter* p : middle_) {
    for_blocks(pool_, p->size(), kBlock, p->size(), [&](size_t first, size_t count) {
      partial_[first / kBlock] = kernels_.sum_squares(count, p->gradient.data() + first);
    });
    for (size_t block = 0; block * kBlock < p->size(); ++block) sum += partial_[block];
  }
  return sum;
}

void Network::update_middle(const OptimizerStep& step) noexcept {
  for (Parameter* p : middle_) {
    for_blocks(pool_, p->size(), kBlock, 4 * p->size(), [&](size_t first, size_t count) {
      float* const s1 = p->moment1.size() == 0 ? nullptr : p->moment1.data() + first;
      float* const s2 = p->moment2.size() == 0 ? nullptr : p->moment2.data() + first;
      kernels_.update(count, step, p->gradient.data() + first, p->value.data() + first, s1, s2);
    });
  }
  for (const auto& layer : layers_) layer->commit();
}

Network::Step Network::train(const SparseBatch& batch, double learning_rate, uint64_t t) {
  const auto start = std::chrono::steady_clock::now();
  const Pass pass = this->pass(batch, true, t);
  forward_input(batch);
  forward_layers(pass, 0, middle());
  const size_t outputs = size_t{batch.rows} * width_at(middle());
  const float* const h = activations_[middle()].data();
  float* const d_h = d_[0].data();
  const auto finite = [&](double value, const char* what) {
    require_finite(std::isfinite(value), what, t, batch.number);
  };
  finite(kernels_.sum_squares(outputs, h), "the input of the output layer");
  Step result;
  result.forward_ms = ms_since(start);

  const double a = factor(batch.rows);
  const bool clipped = optimizer_.gradient_clip > 0, tied = output_->tied();
  const bool fused = (!clipped && !tied) || output_->immediate();
  OptimizerStep step = optimizer_step(optimizer_, learning_rate, static_cast<double>(t));
  zero_middle();
  const OutputLayer::Result output =
      fused ? output_->train(batch, h, a, d_h, step) : output_->loss_backward(batch, h, a, d_h, clipped && !tied);
  finite(output.loss, "the loss");
  finite(output.sum_squares, "the gradient of the output layer");
  const float* const d_input = backward_layers(pass);
  finite(kernels_.sum_squares(size_t{batch.rows} * width_at(0), d_input), "the gradient of encoder.0");
  double sum = middle_sum_squares();
  finite(sum, "the gradient of the dense layers");

  const auto clip = [&] {
    step.gradient_scale = static_cast<float>(clip_scale(optimizer_.gradient_clip, std::sqrt(sum)));
  };
  if (tied) {
    if (clipped) {
      sum += output_->gradient_sum_squares(batch, h, a, d_input);
      finite(sum, "the gradient");
      clip();
      output_->update(batch, h, a, d_input, step);
    } else {
      sum += output_->update(batch, h, a, d_input, step);
    }
  } else if (clipped) {
    sum += output.sum_squares + input_->gradient_sum_squares(batch, d_input, input_weight_.weights);
    finite(sum, "the gradient");
    clip();
    if (!output_->immediate()) output_->update(batch, h, a, nullptr, step);
    input_->backward_update(batch, d_input, input_weight_.weights, step);
  } else {
    sum += output.sum_squares + input_->backward_update(batch, d_input, input_weight_.weights, step);
  }
  update_middle(step);
  result.loss = output.loss;
  result.gradient_norm = std::sqrt(sum);
  return result;
}

double Network::backward(const SparseBatch& batch, uint64_t t) {
  if (output_->immediate()) {
    throw Error(NRW_UNSUPPORTED, "the factored output layer has no gradients apart from its update; use solver: dense");
  }
  const Pass pass = this->pass(batch, true, t);
  if (!has_gradients_) zero_middle();  // left by training
  forward_input(batch);
  forward_layers(pass, 0, middle());
  const float* const h = activations_[middle()].data();
  const double a = factor(batch.rows);
  const OutputLayer::Result output = output_->loss_backward(batch, h, a, d_[0].data(), false);
  output_->add_gradient(batch, h, a);
  const float* const d_input = backward_layers(pass);
  input_weight_.want_gradient();
  input_->add_gradient(batch, d_input, input_weight_.weights, input_weight_.gradient.data());
  has_gradients_ = true;
  return output.loss;
}

void Network::zero_gradients() noexcept {
  zero_middle();
  input_weight_.gradient.zero();
  output_->zero_gradients();
}

void Network::drop_gradients() noexcept {
  input_weight_.gradient = {};
  output_->drop_gradients();
  has_gradients_ = false;
}

double Network::evaluate(const SparseBatch& batch, double* column_sse) {
  forward_input(batch);
  forward_layers(pass(batch, false, 0), 0, middle());
  return output_->evaluate(batch, activations_[middle()].data(), column_sse);
}

const float* Network::embed(const SparseBatch& batch) {
  forward_input(batch);
  forward_layers(pass(batch, false, 0), 0, latent_at());
  return activations_[latent_at()].data();
}

void Network::reconstruct(const SparseBatch& batch, uint32_t rows, const uint32_t* chosen, uint32_t count, float* out) {
  forward_input(batch);
  forward_layers(pass(batch, false, 0), 0, middle());
  output_->reconstruct(rows, activations_[middle()].data(), chosen, count, out);
}

void Network::decode(uint32_t rows, const float* latent, const uint32_t* chosen, uint32_t count, float* out) {
  reserve(rows);
  std::copy_n(latent, size_t{rows} * plan_.latent, activations_[latent_at()].data());
  forward_layers({.rows = rows}, latent_at(), middle());
  output_->reconstruct(rows, activations_[middle()].data(), chosen, count, out);
}

}  // namespace nrw
