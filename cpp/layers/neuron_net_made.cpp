// What a network of neurons is made of, before its first pass.
#include <algorithm>

#include "layers/neuron_net.h"

namespace nrw {

namespace {

constexpr uint32_t kNone = NeuronNet::kNone;

// The place in a row's memory of each of its values, channels first.
std::vector<uint32_t> places_of(const Shape& shape) {
  std::vector<uint32_t> all(shape.size());
  const uint64_t channels = shape.channels(), places = shape.places();
  for (uint64_t c = 0; c < channels; ++c) {
    for (uint64_t p = 0; p < places; ++p) all[c * places + p] = static_cast<uint32_t>(p * channels + c);
  }
  return all;
}

}  // namespace

Activation neuron_activation(const Settings& settings) {
  const std::string& word = settings.word("activation");
  return word == "tanh"      ? Activation::kTanh
         : word == "sigmoid" ? Activation::kSigmoid
         : word == "relu"    ? Activation::kRelu
                             : Activation::kLeakyRelu;
}

NeuronOrder NeuronOrder::natural(uint32_t neurons, uint32_t parts) {
  NeuronOrder order;
  order.neurons.resize(neurons);
  for (uint32_t n = 0; n < neurons; ++n) order.neurons[n] = n;
  for (uint32_t p = 0; p <= parts; ++p) order.begin.push_back(static_cast<uint32_t>(uint64_t{neurons} * p / parts));
  return order;
}

std::vector<TensorSpec> NeuronNet::tensors(const Wiring& wiring) {
  const auto connections = static_cast<uint32_t>(wiring.size());
  const double fan_in = std::max(1.0, static_cast<double>(connections) / wiring.neurons);
  const double fan_out = static_cast<double>(connections) / (wiring.inputs + wiring.neurons);
  return {{.name = "weight",
           .sizes = {connections},
           .start = TensorSpec::Start::kWeight,
           .fan_in = fan_in,
           .fan_out = fan_out},
          {.name = "bias",
           .sizes = {wiring.neurons},
           .start = TensorSpec::Start::kBias,
           .fan_in = fan_in,
           .fan_out = fan_out}};
}

size_t NeuronNet::workspace(const Wiring& wiring, uint32_t rounds, uint32_t rows, unsigned threads) noexcept {
  const size_t neurons = wiring.neurons, connections = wiring.size(), outputs = wiring.outputs.size();
  uint64_t widest = 0;
  for (size_t n = 0; n < neurons; ++n) widest = std::max(widest, wiring.begin[n + 1] - wiring.begin[n]);
  const size_t values = 2 * (rounds - 1) * neurons + 2 * neurons + 2 * wiring.inputs + 2 * outputs;
  const size_t numbers = 4 * connections + 2 * connections + 3 * connections;  // wiring, edge_index, row_ ... Ways
  return (values * pitch_of(rows) + numbers + threads * widest) * sizeof(float) + neurons * 40;
}

NeuronNet::Ways NeuronNet::ways(size_t sources, auto&& source_of, auto&& row_of) const {
  Ways all;
  all.begin.assign(sources + 1, 0);
  const auto each = [&](auto&& use) {
    for (uint32_t n = 0; n < wiring_.neurons; ++n) {
      const uint32_t row = row_of(n);
      if (row == kNone) continue;
      for (uint64_t k = wiring_.begin[n]; k < wiring_.begin[n + 1]; ++k) {
        const uint32_t source = source_of(n, k);
        if (source != kNone) use(source, row, k);
      }
    }
  };
  each([&](uint32_t source, uint32_t, uint64_t) { ++all.begin[source + 1]; });
  for (size_t s = 0; s < sources; ++s) all.begin[s + 1] += all.begin[s];
  all.row.resize(all.begin[sources]);
  all.number.resize(all.begin[sources]);
  all.weight = AlignedBuffer<float>(all.begin[sources]);
  std::vector<uint64_t> next(all.begin.begin(), all.begin.end() - 1);
  each([&](uint32_t source, uint32_t row, uint64_t k) {
    const uint64_t at = next[source]++;
    all.row[at] = row;
    all.number[at] = static_cast<uint32_t>(k);
  });
  return all;
}

NeuronNet::NeuronNet(const LayerContext& context, Wiring wiring, const NeuronOrder& order)
    : products_(context.products),
      sparse_(sparse_kernels(context.products.kernels())),
      rounds_(context.settings.count("rounds")),
      activation_(neuron_activation(context.settings)),
      wiring_(std::move(wiring)),
      neuron_at_(order.neurons),
      part_begin_(order.begin),
      input_place_(places_of(context.input)),
      output_place_(places_of(context.output)) {
  const auto specs = tensors(wiring_);
  weight_ = Parameter(specs[0]);
  bias_ = Parameter(specs[1]);
  const size_t neurons = wiring_.neurons, inputs = wiring_.inputs, connections = wiring_.size();
  std::vector<uint32_t> place(neurons), output(neurons, kNone);
  for (size_t at = 0; at < neurons; ++at) place[neuron_at_[at]] = static_cast<uint32_t>(at);
  output_of_.assign(neurons, kNone);
  for (size_t o = 0; o < wiring_.outputs.size(); ++o) {
    output[wiring_.outputs[o]] = static_cast<uint32_t>(o);
    output_at_.push_back(place[wiring_.outputs[o]]);
    output_of_[output_at_.back()] = static_cast<uint32_t>(o);
  }
  row_.resize(connections);
  edge_index_.name = "edge_index";
  edge_index_.sizes = {2, static_cast<uint32_t>(connections)};
  edge_index_.value = AlignedBuffer<float>(2 * connections);
  for (size_t n = 0; n < neurons; ++n) {
    widest_ = std::max(widest_, wiring_.begin[n + 1] - wiring_.begin[n]);
    for (uint64_t k = wiring_.begin[n]; k < wiring_.begin[n + 1]; ++k) {
      const uint32_t source = wiring_.source[k];
      row_[k] = k < wiring_.inner[n] ? source : place[source - inputs];
      edge_index_.value[k] = static_cast<float>(source);
      edge_index_.value[connections + k] = static_cast<float>(inputs + n);
    }
  }
  const auto input_of = [&](uint32_t n, uint64_t k) { return k < wiring_.inner[n] ? row_[k] : kNone; };
  const auto neuron_of = [&](uint32_t n, uint64_t k) { return k < wiring_.inner[n] ? kNone : row_[k]; };
  const auto place_of = [&](uint32_t n) { return place[n]; };
  from_inputs_ = ways(inputs, input_of, place_of);
  if (rounds_ > 1) back_last_ = ways(neurons, neuron_of, [&](uint32_t n) { return output[n]; });
  if (rounds_ > 2) back_ = ways(neurons, neuron_of, place_of);
  queues_ = std::make_unique<Queue[]>(part_begin_.size() - 1);
  squares_by_neuron_ = AlignedBuffer<double>(neurons);
}

void NeuronNet::reserve(uint32_t rows) {
  const size_t pitch = pitch_of(rows), neurons = wiring_.neurons * pitch, outputs = wiring_.outputs.size() * pitch;
  for (AlignedBuffer<float>* all : {&x_, &d_x_}) all->reserve(wiring_.inputs * pitch);
  for (AlignedBuffer<float>* all : {&base_, &d_sum_}) all->reserve(neurons);
  for (AlignedBuffer<float>* all : {&z_, &d_last_}) all->reserve(outputs);
  for (AlignedBuffer<float>* all : {&v_, &d_}) all->reserve((rounds_ - 1) * neurons);
  room_.reserve(products_.pool().size() * widest_);
}

}  // namespace nrw
