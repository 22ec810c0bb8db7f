// How a plan becomes layers with their starting weights, and the list of what they hold.
#include "model/factored_output_layer.h"
#include "model/initialise.h"
#include "model/input_weight.h"
#include "model/network.h"
#include "model/plain_output.h"
#include "model/tile_output_layer.h"

#include "layers/dense_input.h"
#include "layers/inner_layers.h"
#include "layers/linear.h"

namespace nrw {

namespace {

int moments_of(const OptimizerSettings& settings) { return optimizer_step(settings, 0, 1).moments(); }

std::unique_ptr<Loss> make_loss(const Plan& plan, const Kernels& kernels, uint64_t seed) {
  return plan.loss.type->make({kernels, plan.loss.settings, plan.shape, seed});
}

ColumnParameter make_input_weight(const Plan& plan, const OptimizerSettings& optimizer) {
  if (!plan.input_claimed()) return {};
  return {plan.columns, plan.first().outputs(), moments_of(optimizer)};
}

}  // namespace

Network::Network(const Plan& plan, const OptimizerSettings& optimizer, Reduction reduction, uint64_t seed,
                 unsigned threads, const Bf16Kernels* bf16, bool drawn)
    : plan_(plan),
      optimizer_(optimizer),
      reduction_(reduction),
      pool_(threads),
      kernels_(kernels()),
      products_(kernels_, pool_),
      loss_(make_loss(plan, kernels_, seed)),
      input_weight_(make_input_weight(plan, optimizer)) {
  if (plan.input_claimed() && plan.first().has_bias()) input_bias_ = Parameter(plan.first().tensors().back());
  middle_.push_back(&input_bias_);
  make_layers(seed);
  for (Parameter* parameter : loss_->parameters()) middle_.push_back(parameter);
  for (Parameter* parameter : middle_) parameter->allocate(moments_of(optimizer));
  plan_tasks();
  make_ends(bf16);
  if (drawn) initialise(seed);
}

void Network::make_layers(uint64_t seed) {
  std::vector<Layer*> by_index(plan_.layers.size(), nullptr);  // for tied ones
  uint32_t number = 0;
  for (size_t i = 0; i < plan_.plain_end(); number += layers_in(plan_.layers[i++].spec)) {
    if (i < plan_.plain_begin()) continue;
    const PlannedLayer& layer = plan_.layers[i];
    layers_.push_back(layer.spec.type->make({.products = products_,
                                             .settings = layer.spec.settings,
                                             .input = layer.input,
                                             .output = layer.output,
                                             .seed = seed,
                                             .number = number,
                                             .steps_per_epoch = plan_.steps_per_epoch,
                                             .mirrored = layer.tied() ? by_index[size_t(layer.mirrored)] : nullptr}));
    by_index[i] = layers_.back().get();
    decodes_.push_back(layers_.size() > 1 && layers_.back()->take_code(*layers_[layers_.size() - 2]));
    for (Parameter* parameter : layers_.back()->parameters()) middle_.push_back(parameter);
  }
}

void Network::make_ends(const Bf16Kernels* bf16) {
  const PlannedLayer& last = plan_.last();
  const bool shared = plan_.output_claimed() && last.tied();
  const OptimizerStep step = optimizer_step(optimizer_, 0, 1);
  if (plan_.first().solver == Solver::kDenseInput) {
    input_ = std::make_unique<DenseInput>(kernels_, pool_);
  } else if (plan_.first().solver == Solver::kSparseInput) {
    auto input = std::make_unique<SparseInput>(kernels_, pool_);
    sparse_input_ = input.get();
    input_ = std::move(input);
    if (optimizer_.sparse == SparseUpdate::kLazy) {
      sparse_input_->only_touched();
    } else if (!shared) {
      sparse_input_->leave_behind(step, plan_.columns);
    }
    if (!shared) {
      sparse_input_->let_updates_wait();
      sparse_input_->pass_over_rows_at_rest(step, plan_.columns);
    }
  }
  if (last.solver == Solver::kFactoredOutput) {
    output_ =
        std::make_unique<FactoredOutputLayer>(kernels_, pool_, *loss_, plan_.columns, last.inputs(), plan_.factored);
    return;
  }
  std::unique_ptr<GradientOutput> output;
  if (last.solver == Solver::kTileOutput) {
    output = std::make_unique<TileOutputLayer>(kernels_, pool_, *loss_, plan_.columns, last.inputs(), last.has_bias(),
                                               step.moments(), shared ? &input_weight_ : nullptr, bf16);
  } else {
    output = std::make_unique<PlainOutput>(pool_, *loss_, plan_.columns, last.output);
  }
  gradient_output_ = output.get();
  output_ = std::move(output);
}

// What the threads are given of the layers between the two ends.
void Network::plan_tasks() {
  constexpr size_t kBlock = 8192;  // elements of a parameter that one task updates or sums
  for (Parameter* parameter : middle_) {
    middle_size_ += parameter->size();
    for (size_t first = 0; first < parameter->size(); first += kBlock) {
      blocks_.push_back({parameter, first, std::min(kBlock, parameter->size() - first)});
    }
  }
  for (const auto& layer : layers_) {
    elementwise_.push_back(layer->elementwise());
    for (size_t task = 0; task < layer->pack_tasks(true); ++task) {
      packing_for_training_.push_back({layer.get(), task});
      if (task < layer->pack_tasks(false)) packing_.push_back({layer.get(), task});
    }
  }
}

std::vector<std::vector<TrainedTensor>> Network::trained() {
  std::vector<std::vector<TrainedTensor>> all(plan_.layers.size());
  if (input_ != nullptr) {
    ColumnWeights& w = input_weight_.weights;
    all.front().push_back({"weight",
                           {w.width, w.columns},
                           FloatView::input_weight(w, w.value),
                           FloatView::input_weight(w, w.moment1),
                           FloatView::input_weight(w, w.moment2),
                           FloatView::input_weight(w, input_weight_.gradient)});
    if (input_bias_.size() != 0) all.front().push_back(TrainedTensor::of(input_bias_));
  }
  for (size_t i = 0; i < layers_.size(); ++i) {
    for (Parameter* parameter : layers_[i]->parameters()) {
      all[plan_.plain_begin() + i].push_back(TrainedTensor::of(*parameter));
    }
  }
  if (plan_.output_claimed()) all.back() = output_->tensors();
  return all;
}

void Network::initialise(uint64_t seed) {
  auto tensors = trained();
  if (plan_.output_claimed() && tensors.back().empty()) tensors.back() = output_->starting_tensors();
  uint64_t ordinal = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const PlannedLayer& layer = plan_.layers[i];
    const std::vector<TensorSpec> specs = layer.tensors();
    for (size_t k = 0; k < tensors[i].size(); ++k) {
      fill(pool_, tensors[i][k].value, distribution_of(specs.at(k), layer.spec.settings), seed, ordinal++);
    }
  }
  const std::vector<TensorSpec> specs = plan_.loss.type->tensors(plan_.loss.settings, plan_.shape);
  size_t k = 0;
  for (Parameter* parameter : loss_->parameters()) {
    fill(pool_, TrainedTensor::of(*parameter).value, distribution_of(specs.at(k++), plan_.loss.settings), seed,
         ordinal++);
  }
  for (const auto& layer : layers_) layer->started();
  output_->started();
}

std::vector<Tensor> Network::tensors() {
  if (sparse_input_ != nullptr) sparse_input_->look_again();
  return listed();
}

void Network::copy_state(Network& from) {
  const std::vector<Tensor> theirs = from.listed(), ours = tensors();
  for (size_t i = 0; i < theirs.size() && theirs[i].role != NRW_ROLE_GRADIENT; ++i) {
    if (!theirs[i].derived) copy_tensor(from.pool_, theirs[i], ours[i]);
  }
}

std::vector<Tensor> Network::listed() {
  if (sparse_input_ != nullptr) sparse_input_->flush(input_weight_.weights);
  const std::vector<const char*> states = state_names(optimizer_);
  std::vector<Tensor> all, state, gradients;
  const auto list = [&](const TrainedTensor& tensor, const std::string& prefix) {
    const std::string name = prefix + tensor.name;
    all.push_back({name, NRW_ROLE_PARAMETER, tensor.sizes, tensor.value});
    const FloatView moments[2] = {tensor.moment1, tensor.moment2};
    for (size_t k = 0; k < states.size(); ++k) {
      state.push_back({name + "." + states[k], NRW_ROLE_OPTIMIZER, tensor.sizes, moments[k]});
    }
    if (has_gradients_) gradients.push_back({name, NRW_ROLE_GRADIENT, tensor.sizes, tensor.gradient});
  };
  const auto layers = trained();
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string prefix = plan_.layers[i].name() + ".";
    for (const TrainedTensor& tensor : layers[i]) {
      list(tensor, prefix);
      if (i != 0 || &tensor != &layers[0][0] || sparse_input_ == nullptr || !sparse_input_->missed().enabled())
        continue;
      for (Tensor& missed : missed_tensors(all.back(), *sparse_input_)) state.push_back(std::move(missed));
      all.back().computed = caught_up_rows(all.back(), *sparse_input_, input_weight_.weights, pool_);
      all.back().derived = true;
    }
    if (i < plan_.plain_begin() || i >= plan_.plain_end()) continue;
    for (Buffer* buffer : layers_[i - plan_.plain_begin()]->buffers()) {
      const auto size = static_cast<uint32_t>(buffer->value.size());
      Tensor tensor{prefix + buffer->name, NRW_ROLE_BUFFER, {size}, FloatView::vector(buffer->value.data(), size)};
      if (!buffer->sizes.empty()) {
        const size_t rows = buffer->sizes.front(), columns = size / rows;
        tensor.sizes = buffer->sizes;
        tensor.view = {buffer->value.data(), rows, columns, columns};
      }
      if (buffer->is_count) {
        tensor.sizes.clear();
        tensor.count = &buffer->count;
      }
      all.push_back(std::move(tensor));
    }
  }
  for (Tensor& tensor : output_->more_tensors()) {
    tensor.name = plan_.last().name() + "." + tensor.name;
    (tensor.role == NRW_ROLE_PARAMETER ? all : state).push_back(std::move(tensor));
  }
  for (Parameter* parameter : loss_->parameters()) list(TrainedTensor::of(*parameter), "loss.");
  all.insert(all.end(), state.begin(), state.end());
  all.insert(all.end(), gradients.begin(), gradients.end());
  return all;
}

}  // namespace nrw
