// How a plan becomes layers with their starting weights, and the list of what they hold.
#include "model/factored_output_layer.h"
#include "model/initialise.h"
#include "model/input_weight.h"
#include "model/network.h"
#include "model/tile_output_layer.h"

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/dense_input.h"
#include "layers/dropout.h"
#include "layers/layer_norm.h"

namespace nrw {

namespace {

int moments_of(const OptimizerSettings& settings) { return optimizer_step(settings, 0, 1).moments(); }

Activation activation_of(uint32_t kind) {
  switch (kind) {
    case NRW_RELU:
      return Activation::kRelu;
    case NRW_LEAKY_RELU:
      return Activation::kLeakyRelu;
    case NRW_ELU:
      return Activation::kElu;
    case NRW_GELU:
      return Activation::kGelu;
    case NRW_SILU:
      return Activation::kSilu;
    case NRW_TANH:
      return Activation::kTanh;
    default:
      return Activation::kSigmoid;
  }
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
      input_weight_(plan.columns, plan.first().outputs, moments_of(optimizer)) {
  const int moments = moments_of(optimizer);
  input_bias_.name = "bias";
  input_bias_.rows = plan.first().has_bias() ? plan.first().outputs : 0;
  middle_.push_back(&input_bias_);
  std::vector<Linear*> linears(plan.layers.size(), nullptr);  // by layer number, for tied ones
  for (size_t number = 1; number + 1 < plan.layers.size(); ++number) {
    layers_.push_back(make_layer(number, linears, seed));
    for (Parameter* parameter : layers_.back()->parameters()) middle_.push_back(parameter);
  }
  for (Parameter* parameter : middle_) parameter->allocate(moments);
  plan_tasks(linears);
  const PlannedLayer& last = plan.last();
  if (plan.dense) {
    input_ = std::make_unique<DenseInput>(kernels_, pool_);
  } else {
    auto input = std::make_unique<SparseInput>(kernels_, pool_);
    sparse_input_ = input.get();
    input_ = std::move(input);
    if (optimizer.sparse == SparseUpdate::kLazy) {
      sparse_input_->only_touched();
    } else if (!last.tied()) {
      sparse_input_->leave_behind(optimizer_step(optimizer, 0, 1), plan.columns);
    }
  }
  if (sparse_input_ != nullptr && !last.tied()) {
    sparse_input_->let_updates_wait();
    sparse_input_->pass_over_rows_at_rest(optimizer_step(optimizer, 0, 1), plan.columns);
  }
  if (last.solver == Solver::kFactoredOutput) {
    output_ = std::make_unique<FactoredOutputLayer>(kernels_, pool_, plan.columns, last.inputs, plan.factored);
    if (drawn) initialise(seed);
    return;
  }
  output_ = std::make_unique<TileOutputLayer>(kernels_, pool_, plan.columns, last.inputs, last.has_bias(), moments,
                                              last.tied() ? &input_weight_ : nullptr, bf16);
  if (drawn) initialise(seed);
}

// What the threads are given of the layers between the two ends.
void Network::plan_tasks(const std::vector<Linear*>& linears) {
  constexpr size_t kBlock = 8192;  // elements of a parameter that one task updates or sums
  for (Parameter* parameter : middle_) {
    middle_size_ += parameter->size();
    for (size_t first = 0; first < parameter->size(); first += kBlock) {
      blocks_.push_back({parameter, first, std::min(kBlock, parameter->size() - first)});
    }
  }
  for (size_t i = 0; i < layers_.size(); ++i) {
    Linear* const linear = linears[i + 1];
    linear_.push_back(linear);
    activation_.push_back(dynamic_cast<ActivationLayer*>(layers_[i].get()));
    for (size_t task = 0; linear != nullptr && task < linear->pack_tasks(true); ++task) {
      packing_for_training_.push_back({linear, task});
      if (task < linear->pack_tasks(false)) packing_.push_back({linear, task});
    }
  }
}

std::unique_ptr<Layer> Network::make_layer(size_t number, std::vector<Linear*>& linears, uint64_t seed) {
  const PlannedLayer& layer = plan_.layers[number];
  const LayerSpec& spec = layer.spec;
  switch (spec.kind) {
    case NRW_LINEAR: {
      Linear* const mirrored = layer.tied() ? linears[static_cast<size_t>(layer.mirrored)] : nullptr;
      auto linear = std::make_unique<Linear>(products_, layer.inputs, layer.outputs, layer.has_bias(), mirrored);
      linears[number] = linear.get();
      return linear;
    }
    case NRW_DROPOUT:
      return std::make_unique<Dropout>(products_, layer.outputs, spec.p0, seed, static_cast<uint32_t>(number));
    case NRW_LAYER_NORM:
      return std::make_unique<LayerNorm>(products_, layer.outputs, spec.p0);
    case NRW_BATCH_NORM:
      return std::make_unique<BatchNorm>(products_, layer.outputs, spec.p0, spec.p1);
    default:
      return std::make_unique<ActivationLayer>(products_, layer.outputs, activation_of(spec.kind),
                                               static_cast<float>(spec.p0));
  }
}

std::vector<std::vector<TrainedTensor>> Network::trained() {
  std::vector<std::vector<TrainedTensor>> all(plan_.layers.size());
  ColumnWeights& w = input_weight_.weights;
  all.front().push_back({"weight", 2, FloatView::input_weight(w, w.value), FloatView::input_weight(w, w.moment1),
                         FloatView::input_weight(w, w.moment2), FloatView::input_weight(w, input_weight_.gradient)});
  if (input_bias_.size() != 0) all.front().push_back(TrainedTensor::of(input_bias_));
  for (size_t i = 0; i < layers_.size(); ++i) {
    for (Parameter* parameter : layers_[i]->parameters()) all[i + 1].push_back(TrainedTensor::of(*parameter));
  }
  all.back() = output_->tensors();
  return all;
}

void Network::initialise(uint64_t seed) {
  auto tensors = trained();
  if (tensors.back().empty()) tensors.back() = output_->starting_tensors();
  uint64_t ordinal = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const PlannedLayer& layer = plan_.layers[i];
    for (const TrainedTensor& tensor : tensors[i]) {
      const bool weight = tensor.name == "weight";
      const Distribution distribution = !layer.linear() ? Distribution{Distribution::kConstant, weight ? 1.0 : 0.0}
                                        : weight        ? weight_distribution(layer.spec, layer.inputs, layer.outputs)
                                                        : bias_distribution(layer.spec, layer.inputs);
      fill(pool_, tensor.value, distribution, seed, ordinal++);
    }
  }
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
  const auto trained_tensors = trained();
  const std::vector<const char*> states = state_names(optimizer_);
  std::vector<Tensor> all, state, gradients;
  for (size_t i = 0; i < trained_tensors.size(); ++i) {
    const std::string prefix = plan_.layers[i].name() + ".";
    for (const TrainedTensor& tensor : trained_tensors[i]) {
      const std::string name = prefix + tensor.name;
      all.push_back({name, NRW_ROLE_PARAMETER, tensor.dimensions, tensor.value});
      const FloatView moments[2] = {tensor.moment1, tensor.moment2};
      for (size_t k = 0; k < states.size(); ++k) {
        state.push_back({name + "." + states[k], NRW_ROLE_OPTIMIZER, tensor.dimensions, moments[k]});
      }
      if (&tensor == &trained_tensors[0][0] && sparse_input_ != nullptr && sparse_input_->missed().enabled()) {
        for (Tensor& missed : missed_tensors(all.back(), *sparse_input_)) state.push_back(std::move(missed));
        all.back().computed = caught_up_rows(all.back(), *sparse_input_, input_weight_.weights, pool_);
        all.back().derived = true;
      }
      if (has_gradients_) gradients.push_back({name, NRW_ROLE_GRADIENT, tensor.dimensions, tensor.gradient});
    }
    if (i == 0 || i + 1 == trained_tensors.size()) continue;
    for (Buffer* buffer : layers_[i - 1]->buffers()) {
      Tensor tensor{prefix + buffer->name, NRW_ROLE_BUFFER, 1,
                    FloatView::vector(buffer->value.data(), buffer->value.size())};
      if (buffer->is_count) {
        tensor.dimensions = 0;
        tensor.count = &buffer->count;
      }
      all.push_back(std::move(tensor));
    }
  }
  for (Tensor& tensor : output_->more_tensors()) {
    tensor.name = plan_.last().name() + "." + tensor.name;
    (tensor.role == NRW_ROLE_PARAMETER ? all : state).push_back(std::move(tensor));
  }
  all.insert(all.end(), state.begin(), state.end());
  all.insert(all.end(), gradients.begin(), gradients.end());
  return all;
}

}  // namespace nrw
