#include "layers/inner_layers.h"

#include <algorithm>

#include "base/status.h"
#include "layers/linear.h"

namespace nrw {

namespace {

std::string prefix(size_t index) { return "layers." + std::to_string(index) + "."; }

// What only layers of the encoder's and decoder's own lists can have.
void require_plain(const LayerSpec& spec) {
  if (spec.type != &linear_type) return;
  const Settings& settings = spec.settings;
  settings.require(!is_tied(settings), "tied", "is not for layers within a layer; remove it");
  settings.require(!is_factored(settings), "solver", "only the output layer can be factored; remove it");
  settings.require(!settings.is_word("bias"), "bias", "can be column_means in the output layer only; set it to true");
}

}  // namespace

uint32_t layers_in(const LayerSpec& spec) {
  uint32_t count = 1;
  for (const Field& field : spec.type->fields) {
    if (field.type != Field::Type::kLayers) continue;
    for (const LayerSpec& inner : layer_specs(spec.settings.value(field.name), spec.settings.path())) {
      count += layers_in(inner);
    }
  }
  return count;
}

InnerPlan::InnerPlan(const Settings& settings, const Shape& input)
    : layers(layer_specs(settings.value("layers"), settings.path() + ".layers")), shapes{input} {
  for (const LayerSpec& spec : layers) {
    require_plain(spec);
    shapes.push_back(spec.type->output(spec.settings, shapes.back()));
    if (shapes.back().size() > 0xFFFFFFFFu) {
      throw Error(NRW_INVALID_ARGUMENT, spec.settings.path() + ": its output is too large: " + shapes.back().text());
    }
  }
}

uint64_t InnerPlan::widest() const noexcept {
  uint64_t most = 0;
  for (size_t i = 1; i < shapes.size(); ++i) most = std::max(most, shapes[i].size());
  return most;
}

std::vector<TensorSpec> InnerPlan::tensors() const {
  std::vector<TensorSpec> all;
  for (size_t i = 0; i < layers.size(); ++i) {
    const auto& [type, settings] = layers[i];
    for (TensorSpec& tensor : type->tensors(settings, shapes[i], shapes[i + 1])) {
      tensor.name = prefix(i) + tensor.name;
      all.push_back(std::move(tensor));
    }
  }
  return all;
}

size_t InnerPlan::workspace(uint32_t rows, unsigned threads) const {
  size_t bytes = 2 * rows * widest() * sizeof(float);
  for (size_t i = 0; i < layers.size(); ++i) {
    const auto& [type, settings] = layers[i];
    bytes += rows * shapes[i + 1].size() * sizeof(float);
    bytes += type->workspace(settings, shapes[i], shapes[i + 1], rows, threads);
  }
  return bytes;
}

InnerLayers::InnerLayers(const LayerContext& context) : plan_(context.settings, context.input) {
  uint32_t number = context.number + 1;
  for (size_t i = 0; i < plan_.layers.size(); ++i) {
    const LayerSpec& spec = plan_.layers[i];
    layers_.push_back(spec.type->make({.products = context.products,
                                       .settings = spec.settings,
                                       .input = plan_.shapes[i],
                                       .output = plan_.shapes[i + 1],
                                       .seed = context.seed,
                                       .number = number,
                                       .steps_per_epoch = context.steps_per_epoch}));
    number += layers_in(spec);
    for (Parameter* parameter : layers_[i]->parameters()) parameter->name = prefix(i) + parameter->name;
    for (Buffer* buffer : layers_[i]->buffers()) buffer->name = prefix(i) + buffer->name;
  }
  y_.resize(layers_.size());
}

void InnerLayers::reserve(uint32_t rows) {
  for (size_t i = 0; i < layers_.size(); ++i) {
    layers_[i]->reserve(rows);
    y_[i].reserve(rows * plan_.shapes[i + 1].size());
  }
  for (AlignedBuffer<float>& d : d_) d.reserve(rows * plan_.widest());
}

// The layers' tasks one layer after the other: those of the forward pass, then those of the backward pass alone, so
// that the first pack_tasks(false) tasks are the forward pass's.
size_t InnerLayers::pack_tasks(bool training) const noexcept {
  size_t count = 0;
  for (const auto& layer : layers_) count += layer->pack_tasks(training);
  return count;
}

void InnerLayers::pack(size_t task) noexcept {
  for (const auto& layer : layers_) {
    const size_t count = layer->pack_tasks(false);
    if (task < count) return layer->pack(task);
    task -= count;
  }
  for (const auto& layer : layers_) {
    const size_t before = layer->pack_tasks(false), count = layer->pack_tasks(true) - before;
    if (task < count) return layer->pack(before + task);
    task -= count;
  }
}

const float* InnerLayers::forward(const Pass& pass, const float* x) noexcept {
  for (size_t i = 0; i < layers_.size(); ++i) layers_[i]->forward(pass, i == 0 ? x : y_[i - 1].data(), y_[i].data());
  return y_.back().data();
}

void InnerLayers::backward(const Pass& pass, const float* x, float* d_f, float* d_x) noexcept {
  float* d_y = d_f;
  for (size_t i = layers_.size(); i-- > 0;) {
    float* const d = i == 0 ? d_x : d_[d_y == d_[0].data() ? 1 : 0].data();
    layers_[i]->backward(pass, i == 0 ? x : y_[i - 1].data(), d_y, d);
    d_y = d;
  }
}

double InnerLayers::penalty() const noexcept {
  double sum = 0;
  for (const auto& layer : layers_) sum += layer->penalty();
  return sum;
}

void InnerLayers::started() noexcept {
  for (const auto& layer : layers_) layer->started();
}

void InnerLayers::commit() noexcept {
  for (const auto& layer : layers_) layer->commit();
}

std::vector<Parameter*> InnerLayers::parameters() {
  std::vector<Parameter*> all;
  for (const auto& layer : layers_) {
    for (Parameter* parameter : layer->parameters()) all.push_back(parameter);
  }
  return all;
}

std::vector<Buffer*> InnerLayers::buffers() {
  std::vector<Buffer*> all;
  for (const auto& layer : layers_) {
    for (Buffer* buffer : layer->buffers()) all.push_back(buffer);
  }
  return all;
}

std::vector<TensorSpec> OuterLayer::tensors(const Settings& settings, const Shape& input, const Shape&) {
  return InnerPlan(settings, input).tensors();
}

size_t OuterLayer::workspace(const Settings& settings, const Shape& input, const Shape&, uint32_t rows,
                             unsigned threads) {
  return InnerPlan(settings, input).workspace(rows, threads);
}

}  // namespace nrw
