// Layers by their names: what they give for rows, how fast they learn and how much noise they make.
//
// Names are those of tensors without their last part: "encoder.1", and of a layer within it "encoder.1.layers.0".
#include <algorithm>
#include <charconv>
#include <numeric>

#include "base/float_mode.h"
#include "base/status.h"
#include "layers/inner_layers.h"
#include "layers/noise_layer.h"
#include "model/model.h"

namespace nrw {

namespace {

constexpr std::string_view kWithin = ".layers.", kNeurons = ".neurons";

Error no_layer(std::string_view name) {
  return Error(NRW_INVALID_ARGUMENT, "layer: there is none named " + std::string(name));
}

}  // namespace

NamedLayer Network::named(std::string_view name) {
  std::string_view rest;
  const auto found = std::find_if(plan_.layers.begin(), plan_.layers.end(), [&](const PlannedLayer& each) {
    const std::string own = each.name();
    if (!name.starts_with(own)) return false;
    rest = name.substr(own.size());
    return rest.empty() || rest.front() == '.';
  });
  if (found == plan_.layers.end()) throw no_layer(name);
  NamedLayer at{
      .number = static_cast<size_t>(found - plan_.layers.begin()), .spec = &found->spec, .output = &found->output};
  const size_t plain = at.number - plan_.plain_begin();  // wraps round for a claimed first layer
  if (plain < layers_.size()) at.layer = layers_[plain].get();
  while (!rest.empty()) {
    InnerLayers* const inner = at.layer == nullptr ? nullptr : at.layer->inner_layers();
    if (inner == nullptr || !rest.starts_with(kWithin)) throw no_layer(name);
    rest.remove_prefix(kWithin.size());
    size_t place = 0;
    const auto [end, status] = std::from_chars(rest.data(), rest.data() + rest.size(), place);
    if (status != std::errc() || place >= inner->count()) throw no_layer(name);
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    at = {.number = at.number,
          .layer = &inner->layer(place),
          .spec = &inner->spec(place),
          .output = &inner->output_of(place),
          .within = inner->values_of(place)};
  }
  return at;
}

void Network::set_rate(std::string_view layer, double rate) {
  const NamedLayer at = named(layer);
  if (at.layer != nullptr) {
    for (Parameter* parameter : at.layer->parameters()) parameter->rate = rate;
  } else if (at.number < plan_.plain_begin()) {
    input_rate_ = input_bias_.rate = rate;
  } else {
    output_rate_ = rate;
  }
}

void Network::set_noise(std::string_view layer, double amount) {
  const NamedLayer at = named(layer);
  NoiseLayer* const noise = dynamic_cast<NoiseLayer*>(at.layer);
  if (noise == nullptr) {
    throw Error(NRW_INVALID_ARGUMENT, "layer: " + std::string(layer) + " makes no noise that could be set");
  }
  require_within(at.spec->type->fields.front(), amount, "amount");
  noise->set_amount(amount);
}

std::vector<LayerValues> Network::values(std::span<const std::string> names) {
  std::vector<LayerValues> all;
  for (const std::string& name : names) {
    LayerValues wanted{.name = name, .neurons = name.ends_with(kNeurons)};
    if (wanted.neurons) wanted.name.resize(name.size() - kNeurons.size());
    const NamedLayer at = named(wanted.name);
    if (at.number >= plan_.plain_end()) {
      throw Error(NRW_UNSUPPORTED, plan_.layers[at.number].name() +
                                       ": the output layer's values are made with the loss, a "
                                       "few columns at a time; nrw_reconstruct gives them");
    }
    wanted.number = at.number;
    wanted.count = wanted.neurons ? (at.layer == nullptr ? 0 : at.layer->neurons()) : at.output->size();
    if (wanted.count == 0) throw Error(NRW_INVALID_ARGUMENT, "layer: " + wanted.name + " has no neurons of its own");
    all.push_back(std::move(wanted));
  }
  return all;
}

void Network::layer_outputs(const Batch& batch, std::span<const LayerValues> wanted, uint64_t rows, float* out) {
  const Pass pass = this->pass(batch, false, 0, plan_.needs_categories);
  std::vector<size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return wanted[a].number < wanted[b].number; });
  std::vector<uint64_t> begin(wanted.size() + 1);
  for (size_t i = 0; i < wanted.size(); ++i) begin[i + 1] = begin[i] + wanted[i].count;
  const uint64_t stride = begin.back();
  const auto activation_of = [&](size_t number) { return number + 1 - plan_.plain_begin(); };
  size_t done = forward_input(batch, pass, activation_of(wanted[order.front()].number));
  for (const size_t i : order) {
    // No further: layers that are computed together make no rows between them.
    const size_t at = activation_of(wanted[i].number);
    forward_layers(pass, done, at);
    done = at;
    const NamedLayer layer = named(wanted[i].name);  // after the pass, which may have moved what it gives
    float* const to = out + begin[i];
    if (wanted[i].neurons) {
      layer.layer->neuron_values(rows, to, stride);
      continue;
    }
    const float* const from = layer.within == nullptr ? activations_[at].data() : layer.within;
    for (size_t row = 0; row < rows; ++row) {
      to_channels_first(*layer.output, from + row * layer.output->size(), to + row * stride);
    }
  }
}

uint64_t Model::layer_outputs(BatchSource& source, std::span<const std::string> names, float* out, uint64_t capacity) {
  const FlushToZero mode;
  Network& net = network();
  const std::vector<LayerValues> wanted = net.values(names);
  uint64_t width = 0;
  for (const LayerValues& each : wanted) width += each.count;
  return for_each_row(source, width, out, capacity, [&](const Batch& batch, uint64_t count, float* to) {
    net.layer_outputs(batch, wanted, count, to);
  });
}

}  // namespace nrw
