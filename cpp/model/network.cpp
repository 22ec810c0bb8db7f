// Training: forward, loss, backward, update.
#include "model/network.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/status.h"
#include "layers/row_code.h"
#include "model/plain_output.h"

namespace nrw {

namespace {

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

OptimizerStep at_rate(const OptimizerStep& step, double rate) {
  OptimizerStep own = step;
  own.learning_rate = static_cast<float>(static_cast<double>(step.learning_rate) * rate);
  return own;
}

}  // namespace

void Network::reserve(uint32_t rows) {
  if (rows <= reserved_rows_) return;
  activations_.resize(middle() + 1);
  for (size_t i = 0; i < activations_.size(); ++i) activations_[i].reserve(size_t{rows} * width_at(i));
  for (AlignedBuffer<float>& d : d_) d.reserve(size_t{rows} * plan_.widest);
  if (!plan_.latent().one_order()) latent_.reserve(size_t{rows} * plan_.latent().size());
  for (const auto& layer : layers_) layer->reserve(rows);
  partial_.reserve(blocks_.size());
  reserved_rows_ = rows;
}

Pass Network::pass(const Batch& batch, bool training, uint64_t t, bool needs_categories) const {
  const uint32_t* const category = needs_categories ? batch.row_categories() : nullptr;
  if (needs_categories && category == nullptr) {
    throw Error(NRW_INVALID_ARGUMENT, "the network needs the category of each row, but the batch has none");
  }
  for (size_t i = 0; category != nullptr && i < batch.rows; ++i) {
    if (category[i] < plan_.categories) continue;
    throw Error(NRW_INVALID_ARGUMENT,
                format("the category of a row must be below %u, got %u", plan_.categories, category[i]));
  }
  return {batch.rows, training, t, batch.row_id.data(), factor(batch.rows), batch.row_weights(), category};
}

void Network::pack_weights(bool training) noexcept {
  const auto& tasks = training ? packing_for_training_ : packing_;
  run_tasks(pool_, tasks.size(), 2 * middle_size_, [&](size_t i, unsigned) { tasks[i].layer->pack(tasks[i].task); });
}

size_t Network::forward_input(const Batch& batch, const Pass& pass, size_t last) {
  if (batch.columns != plan_.columns) {
    throw Error(NRW_INVALID_ARGUMENT, format("the batch has %u columns, the model %u", batch.columns, plan_.columns));
  }
  if (batch.is_dense() != plan_.dense) {
    throw Error(NRW_INVALID_ARGUMENT, format("the batch has %s rows, the model is for %s ones",
                                             batch.is_dense() ? "dense" : "sparse", plan_.dense ? "dense" : "sparse"));
  }
  reserve(batch.rows);
  pack_weights(pass.training);
  if (input_ == nullptr) {
    lay_out_rows(batch, plan_.shape, false, pool_, activations_[0].data());
    return 0;
  }
  const float* const bias = input_bias_.size() == 0 ? nullptr : input_bias_.value.data();
  const bool fused = last > 0 && elementwise_[0] != nullptr;
  const After after = fused ? After{elementwise_[0], activations_[1].data()} : After{};
  input_->forward(batch, input_weight_.weights, bias, activations_[0].data(), after);
  return fused ? 1 : 0;
}

void Network::forward_layers(const Pass& pass, size_t first, size_t last) noexcept {
  for (size_t i = first; i < last; ++i) {
    const float* const x = activations_[i].data();
    float* const y = activations_[i + 1].data();
    if (i + 1 < last && decodes_[i + 1]) {
      layers_[i]->make_code(pass, x);
      layers_[i + 1]->decode(pass, activations_[i + 2].data());
      ++i;
    } else if (layers_[i]->takes_neighbours() && i + 1 < last && elementwise_[i + 1] != nullptr) {
      layers_[i]->forward_with(pass, x, y, After{elementwise_[i + 1], activations_[i + 2].data()});
      ++i;
    } else {
      layers_[i]->forward(pass, x, y);
    }
  }
}

const float* Network::backward_range(const Pass& pass, size_t first, size_t last, bool wanted) noexcept {
  size_t at = 0;
  for (size_t i = last; i-- > first; at ^= 1) {
    float* const d_y = d_[at].data();
    if (i > first && decodes_[i]) {
      layers_[i]->backward_to_code(pass, d_y);
      --i;
      layers_[i]->backward_of_code(pass, activations_[i].data(), i > first || wanted ? d_[at ^ 1].data() : nullptr);
      continue;
    }
    float* const d_x = i > first || wanted ? d_[at ^ 1].data() : nullptr;
    if (layers_[i]->takes_neighbours() && i > first && elementwise_[i - 1] != nullptr) {
      layers_[i]->backward_with(pass, activations_[i].data(), d_y, d_x,
                                Before{elementwise_[i - 1], activations_[i - 1].data()});
      --i;
    } else {
      layers_[i]->backward(pass, activations_[i].data(), d_y, d_x);
    }
  }
  return wanted ? d_[at].data() : nullptr;
}

const float* Network::backward_layers(const Pass& pass) noexcept {
  const float* const d_input = backward_range(pass, 0, middle(), input_ != nullptr);
  if (d_input != nullptr && input_bias_.size() != 0) {
    products_.add_column_sums(pass.rows, width_at(0), d_input, input_bias_.gradient.data());
  }
  return d_input;
}

double Network::penalties() const noexcept {
  double sum = 0;
  for (const auto& layer : layers_) sum += layer->penalty();
  return sum;
}

// A hidden place weighs what makes the mean weight of all places of the batch 1, times its row's weight; others weigh
// 0.
class Network::OfHiddenPlaces {
 public:
  OfHiddenPlaces(Network& network, const Batch& batch) : loss_(*network.loss_) {
    if (!network.plan_.hidden_only) return;
    const uint8_t* const hidden = network.layers_.front()->hidden();
    const size_t places = network.plan_.shape.places(), rows = batch.rows, stride = DenseBatch::stride_of(rows);
    network.place_weights_.reserve(places * stride);
    float* const weights = network.place_weights_.data();
    size_t count = 0;
    for (size_t k = 0; k < rows * places; ++k) count += hidden[k];
    const double each = static_cast<double>(rows * places) / static_cast<double>(count);
    const float* const of_row = batch.row_weights();
    for_blocks(network.pool_, places, 64, 2 * rows * places, [&](size_t first, size_t some) {
      for (size_t place = first; place < first + some; ++place) {
        for (size_t i = 0; i < rows; ++i) {
          const double weight = of_row == nullptr ? each : each * static_cast<double>(of_row[i]);
          weights[place * stride + i] = hidden[i * places + place] != 0 ? static_cast<float>(weight) : 0;
        }
      }
    });
    loss_.set_place_weights({weights, places, stride});
  }
  ~OfHiddenPlaces() { loss_.set_place_weights({}); }
  OfHiddenPlaces(const OfHiddenPlaces&) = delete;
  OfHiddenPlaces& operator=(const OfHiddenPlaces&) = delete;

 private:
  Loss& loss_;
};

void Network::zero_middle() noexcept {
  for (Parameter* p : middle_) {
    if (!p->updated_within) p->gradient.zero();
  }
}

void Network::update_within(const OptimizerStep* step) noexcept {
  for (const auto& layer : layers_) layer->update_within(step);
}

// One partial sum a block, added in order.
double Network::middle_sum_squares() noexcept {
  run_tasks(pool_, blocks_.size(), middle_size_, [&](size_t i, unsigned) {
    const bool used_up = blocks_[i].parameter->updated_within;
    partial_[i] =
        used_up ? 0 : kernels_.sum_squares(blocks_[i].count, blocks_[i].parameter->gradient.data() + blocks_[i].first);
  });
  double sum = 0;
  for (size_t i = 0; i < blocks_.size(); ++i) sum += partial_[i];
  for (const auto& layer : layers_) sum += layer->squares_within();
  return sum;
}

void Network::update_middle(const OptimizerStep& step) noexcept {
  run_tasks(pool_, blocks_.size(), 4 * middle_size_, [&](size_t i, unsigned) {
    const auto [p, first, count] = blocks_[i];
    if (p->updated_within) return;
    const OptimizerStep own = at_rate(step, p->rate);
    float* const s1 = p->moment1.size() == 0 ? nullptr : p->moment1.data() + first;
    float* const s2 = p->moment2.size() == 0 ? nullptr : p->moment2.data() + first;
    kernels_.update(count, own, p->gradient.data() + first, p->value.data() + first, s1, s2);
  });
  for (const auto& layer : layers_) layer->commit();
}

Network::Step Network::train(const Batch& batch, double learning_rate, uint64_t t) {
  const auto start = std::chrono::steady_clock::now();
  errors_.reset();
  const Pass pass = this->pass(batch, true, t, plan_.needs_categories);
  forward_layers(pass, forward_input(batch, pass, middle()), middle());
  const OfHiddenPlaces hidden(*this, batch);
  const size_t outputs = size_t{batch.rows} * width_at(middle());
  const float* const h = activations_[middle()].data();
  float* const d_h = d_[0].data();
  const auto finite = [&](double value, const char* what) {
    require_finite(std::isfinite(value), what, t, batch.number);
  };
  finite(kernels_.sum_squares(outputs, h),
         plan_.output_claimed() ? "the input of the output layer" : "the output of the last layer");
  Step result;
  result.forward_ms = ms_since(start);

  const double a = factor(batch.rows);
  const bool clipped = optimizer_.gradient_clip > 0, tied = gradient_output_ != nullptr && gradient_output_->tied();
  const bool fused = (!clipped && !tied) || gradient_output_ == nullptr;
  OptimizerStep step = optimizer_step(optimizer_, learning_rate, static_cast<double>(t));
  // Only this step's backward pass updates.
  struct Within {
    Network& network;
    ~Within() { network.update_within(nullptr); }
  } const within{*this};
  update_within(fused ? &step : nullptr);
  zero_middle();
  const OutputLayer::Result output = fused ? output_->train(batch, h, a, d_h, at_rate(step, output_rate_))
                                           : gradient_output_->loss_backward(batch, h, a, d_h, clipped && !tied);
  result.loss = output.loss + a * penalties();
  finite(result.loss, "the loss");
  finite(output.sum_squares, "the gradient of the output layer");
  const double* const gram = batch.masked ? nullptr : output.target_gram;  // inputs are targets
  const float* const d_input = backward_layers(pass);
  if (d_input != nullptr) {
    finite(kernels_.sum_squares(size_t{batch.rows} * width_at(0), d_input), "the gradient of encoder.0");
  }
  double sum = middle_sum_squares();
  finite(sum, "the gradient of the layers between the ends");

  const auto clip = [&] {
    step.gradient_scale = static_cast<float>(clip_scale(optimizer_.gradient_clip, std::sqrt(sum)));
  };
  if (tied) {
    if (clipped) {
      sum += gradient_output_->gradient_sum_squares(batch, h, a, d_input);
      finite(sum, "the gradient");
      clip();
      gradient_output_->update(batch, h, a, d_input, at_rate(step, output_rate_));
    } else {
      sum += gradient_output_->update(batch, h, a, d_input, at_rate(step, output_rate_));
    }
  } else if (clipped) {
    double ends = output.sum_squares;
    if (input_ != nullptr) ends += input_->gradient_sum_squares(batch, d_input, input_weight_.weights, gram);
    sum += ends;
    finite(sum, "the gradient");
    clip();
    if (gradient_output_ != nullptr) gradient_output_->update(batch, h, a, nullptr, at_rate(step, output_rate_));
    if (input_ != nullptr) {
      input_->backward_update(batch, d_input, input_weight_.weights, at_rate(step, input_rate_), false, gram);
    }
  } else {
    double ends = output.sum_squares;
    if (input_ != nullptr) {
      ends += input_->backward_update(batch, d_input, input_weight_.weights, at_rate(step, input_rate_), true, gram);
    }
    sum += ends;
  }
  update_middle(step);
  result.gradient_norm = std::sqrt(sum);
  return result;
}

double Network::backward(const Batch& batch, uint64_t t) {
  if (gradient_output_ == nullptr) {
    throw Error(NRW_UNSUPPORTED, "the factored output layer has no gradients apart from its update; use solver: dense");
  }
  const Pass pass = this->pass(batch, true, t, plan_.needs_categories);
  if (!has_gradients_) zero_middle();  // left by training
  forward_layers(pass, forward_input(batch, pass, middle()), middle());
  const OfHiddenPlaces hidden(*this, batch);
  const float* const h = activations_[middle()].data();
  const double a = factor(batch.rows);
  const OutputLayer::Result output = gradient_output_->loss_backward(batch, h, a, d_[0].data(), false);
  gradient_output_->add_gradient(batch, h, a);
  const float* const d_input = backward_layers(pass);
  if (input_ != nullptr) {
    input_weight_.want_gradient();
    input_->add_gradient(batch, d_input, input_weight_.weights, input_weight_.gradient.data());
  }
  has_gradients_ = true;
  return output.loss + a * penalties();
}

void Network::zero_gradients() noexcept {
  zero_middle();
  input_weight_.gradient.zero();
  if (gradient_output_ != nullptr) gradient_output_->zero_gradients();
}

void Network::drop_gradients() noexcept {
  input_weight_.gradient = {};
  if (gradient_output_ != nullptr) gradient_output_->drop_gradients();
  has_gradients_ = false;
}

Network::Evaluation Network::evaluate(const Batch& batch, double* column_sse) {
  const Pass pass = this->pass(batch, false, 0, plan_.needs_categories);
  forward_layers(pass, forward_input(batch, pass, middle()), middle());
  const float* const h = activations_[middle()].data();
  add_code(batch.rows);
  if (errors_ != nullptr) {
    if (batch.weighted) throw Error(NRW_INVALID_ARGUMENT, "rows with weights cannot be evaluated all together");
    errors_->add(batch.sparse(), h);
    return {.penalties = penalties()};
  }
  const OutputLayer::Evaluation sums = output_->evaluate(batch, h, column_sse);
  return {sums.loss, penalties(), sums.unweighted, sums.squared_error};
}

void Network::begin_refit() {
  FactoredRule* const rule = output_ == nullptr ? nullptr : output_->refitted();
  if (rule == nullptr) {
    throw Error(NRW_UNSUPPORTED, "the output layer is trained by gradients, so its weights cannot be solved for");
  }
  rule->begin_refit();
}

void Network::refit(const Batch& batch, bool held_out) {
  const Pass pass = this->pass(batch, false, 0, plan_.needs_categories);
  forward_layers(pass, forward_input(batch, pass, middle()), middle());
  FactoredRule& rule = *output_->refitted();
  const float* const h = activations_[middle()].data();
  if (held_out) {
    rule.hold_out(batch.sparse(), h, batch.row_weights());
  } else {
    rule.absorb(batch.sparse(), h, batch.row_weights());
  }
}

void Network::end_refit() { output_->refitted()->end_refit(); }

// With reduction: sum the loss is no multiple of the squared error where batches differ in size.
bool Network::begin_evaluation(double rows, double nnz, bool by_column) {
  errors_.reset();
  if (code_type() != nullptr) {
    code_sums_.reserve(plan_.latent().size());
    code_sums_.zero();
  }
  const double columns = plan_.columns, width = width_at(middle());
  if (plan_.dense || !plan_.loss.type->quadratic || reduction_ == Reduction::kSum) return false;
  if (loss_->weighs_columns()) return false;
  if (!ColumnErrors::worthwhile(rows, nnz, columns, width)) return false;
  const auto [weights, bias] = output_->plain_weights(by_column);
  if (weights == nullptr) return false;
  errors_ = std::make_unique<ColumnErrors>(kernels_, pool_, *weights, bias);
  return true;
}

const LayerType* Network::code_type() const noexcept {
  if (latent_at() == 0) return nullptr;
  const LayerType* const type = plan_.layers[plan_.encoder_layers - 1].spec.type;
  return type->few_values || type->divergence ? type : nullptr;
}

// A task counts some units over all rows.
void Network::add_code(size_t rows) noexcept {
  if (code_sums_.size() == 0) return;
  const Layer& last = *layers_[latent_at() - 1];
  if (code_type()->divergence) return last.add_divergences(rows, code_sums_.data());
  const RowCode* const code = last.last_code();
  if (code != nullptr) {
    for (size_t i = 0; i < code->rows; ++i) {
      const uint32_t* const unit = code->unit.data() + i * code->capacity;
      for (size_t e = 0; e < code->count[i]; ++e) code_sums_[unit[e]] += 1;
    }
    return;
  }
  const size_t width = plan_.latent().size();
  const float* const z = activations_[latent_at()].data();
  for_blocks(pool_, width, 256, 2 * rows * width, [&](size_t first, size_t count) {
    for (size_t i = 0; i < rows; ++i) {
      for (size_t u = first; u < first + count; ++u) code_sums_[u] += z[i * width + u] != 0;
    }
  });
}

std::span<const double> Network::code_sums() const {
  if (code_sums_.size() == 0) {
    throw Error(NRW_UNSUPPORTED, code_type() != nullptr
                                     ? "no evaluation was begun"
                                     : "the encoder does not end with a layer of few values or with a variational one");
  }
  return {code_sums_.data(), plan_.latent().size()};
}

double Network::end_evaluation(double* column_sse) {
  const std::unique_ptr<ColumnErrors> errors = std::move(errors_);
  return errors == nullptr ? 0 : errors->finish(column_sse);
}

const float* Network::embed(const Batch& batch) {
  const Pass pass = this->pass(batch, false, 0, plan_.encoder_needs_categories);
  const size_t latent = latent_at();
  forward_layers(pass, forward_input(batch, pass, latent), latent);
  const Shape& shape = plan_.latent();
  const float* const found = activations_[latent].data();
  if (shape.one_order()) return found;
  for (size_t i = 0; i < batch.rows; ++i) {
    to_channels_first(shape, found + i * shape.size(), latent_.data() + i * shape.size());
  }
  return latent_.data();
}

void Network::reconstruct(const Batch& batch, uint32_t rows, const uint32_t* chosen, uint32_t count, float* out) {
  const Pass pass = this->pass(batch, false, 0, plan_.needs_categories);
  forward_layers(pass, forward_input(batch, pass, middle()), middle());
  loss_->begin(batch);
  output_->reconstruct(rows, activations_[middle()].data(), chosen, count, out);
}

void Network::decode(uint32_t rows, const float* latent, const uint32_t* chosen, uint32_t count, float* out) {
  if (plan_.needs_categories) {
    throw Error(NRW_UNSUPPORTED, "the network needs the category of each row, which latent vectors do not have");
  }
  reserve(rows);
  pack_weights(false);
  const Shape& shape = plan_.latent();
  for (size_t i = 0; i < rows; ++i) {
    float* const to = activations_[latent_at()].data() + i * shape.size();
    if (shape.one_order()) {
      std::copy_n(latent + i * shape.size(), shape.size(), to);
    } else {
      to_channels_last(shape, latent + i * shape.size(), to);
    }
  }
  forward_layers({.rows = rows}, latent_at(), middle());
  loss_->begin_decoding(rows);
  output_->reconstruct(rows, activations_[middle()].data(), chosen, count, out);
}

}  // namespace nrw
