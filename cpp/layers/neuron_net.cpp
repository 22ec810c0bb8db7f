#include "layers/neuron_net.h"

#include <algorithm>

#include "layers/neuron_objects.h"

namespace nrw {

namespace {

constexpr uint32_t kNone = 0xFFFFFFFFu;
constexpr size_t kPackBlock = 16384;  // connections
constexpr size_t kTurned = 16;        // values of a row, a task

size_t pitch_of(size_t rows) noexcept { return (rows + 15) / 16 * 16; }

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

// Weights as the file gives them.
void NeuronNet::started() noexcept { std::copy(wiring_.given.begin(), wiring_.given.end(), weight_.value.begin()); }

void NeuronNet::update_within(const OptimizerStep* step) noexcept {
  weight_.updated_within = step != nullptr;
  squares_ = 0;
  if (step == nullptr) return;
  step_ = *step;
  step_.learning_rate = static_cast<float>(static_cast<double>(step->learning_rate) * weight_.rate);
}

size_t NeuronNet::pack_tasks(bool training) const noexcept {
  if (!training) return 0;
  const auto blocks = [](const Ways& all) { return (all.size() + kPackBlock - 1) / kPackBlock; };
  return blocks(from_inputs_) + blocks(back_) + blocks(back_last_);
}

void NeuronNet::pack(size_t task) noexcept {
  for (Ways* all : {&from_inputs_, &back_, &back_last_}) {
    const size_t blocks = (all->size() + kPackBlock - 1) / kPackBlock;
    if (task >= blocks) {
      task -= blocks;
      continue;
    }
    const size_t end = std::min<size_t>(all->size(), (task + 1) * kPackBlock);
    for (size_t at = task * kPackBlock; at < end; ++at) all->weight[at] = weight_.value[all->number[at]];
    return;
  }
}

template <class Body>
void NeuronNet::each_neuron(size_t work, Body&& body) noexcept {
  const size_t parts = part_begin_.size() - 1;
  for (size_t p = 0; p < parts; ++p) queues_[p].next.store(0, std::memory_order_relaxed);
  run_tasks(products_.pool(), products_.pool().size(), work, [&](size_t, unsigned worker) {
    for (size_t turn = 0; turn < parts; ++turn) {
      const size_t p = (worker + turn) % parts;
      const uint32_t begin = part_begin_[p], end = part_begin_[p + 1];
      for (;;) {
        const uint32_t first = begin + kBlock * queues_[p].next.fetch_add(1, std::memory_order_relaxed);
        if (first >= end) break;
        for (uint32_t at = first; at < std::min(end, first + kBlock); ++at) body(size_t{at}, worker);
      }
    }
  });
}

float* NeuronNet::of_round(AlignedBuffer<float>& all, uint32_t round, size_t at) noexcept {
  return all.data() + ((round - 1) * size_t{wiring_.neurons} + at) * pitch_;
}

// to += the sum of the weighted rows.
void NeuronNet::gather(size_t count, const uint32_t* rows, const float* weights, const float* from,
                       float* to) noexcept {
  sparse_.gather(pitch_, count, rows, weights, from, pitch_, true, to);
}

// to (width x pitch) = the transpose of from (rows x width), by the numbers of the values; 0 behind the rows.
void NeuronNet::turn_in(size_t rows, size_t width, const std::vector<uint32_t>& places, const float* from,
                        float* to) noexcept {
  for_blocks(products_.pool(), width, kTurned, rows * width, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) std::fill_n(to + i * pitch_ + rows, pitch_ - rows, 0.0f);
    for (size_t row = 0; row < rows; ++row) {
      for (size_t i = first; i < first + count; ++i) to[i * pitch_ + row] = from[row * width + places[i]];
    }
  });
}

void NeuronNet::turn_out(size_t rows, size_t width, const std::vector<uint32_t>& places, const float* from,
                         float* to) noexcept {
  for_blocks(products_.pool(), width, kTurned, rows * width, [&](size_t first, size_t count) {
    for (size_t row = 0; row < rows; ++row) {
      for (size_t i = first; i < first + count; ++i) to[row * width + places[i]] = from[i * pitch_ + row];
    }
  });
}

void NeuronNet::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t rows = pass.rows, outputs = wiring_.outputs.size();
  const float* const w = weight_.value.data();
  const Kernels& kernels = products_.kernels();
  pitch_ = pitch_of(rows);
  turn_in(rows, wiring_.inputs, input_place_, x, x_.data());
  each_neuron(work(from_inputs_.size()) + wiring_.neurons * pitch_, [&](size_t at, unsigned) {
    const uint32_t n = neuron_at_[at];
    const uint64_t begin = wiring_.begin[n];
    float* const base = base_.data() + at * pitch_;
    std::fill_n(base, pitch_, bias_.value[n]);
    gather(wiring_.inner[n] - begin, row_.data() + begin, w + begin, x_.data(), base);
    if (rounds_ > 1) kernels.activate(activation_, pitch_, base, kNeuronSlope, of_round(v_, 1, at));
  });
  for (uint32_t round = 2; round < rounds_; ++round) {
    const float* const before = of_round(v_, round - 1, 0);
    each_neuron(work(wiring_.size() - from_inputs_.size()), [&](size_t at, unsigned) {
      const uint32_t n = neuron_at_[at];
      const uint64_t inner = wiring_.inner[n];
      float* const v = of_round(v_, round, at);
      std::copy_n(base_.data() + at * pitch_, pitch_, v);
      gather(wiring_.begin[n + 1] - inner, row_.data() + inner, w + inner, before, v);
      kernels.activate(activation_, pitch_, v, kNeuronSlope, v);
    });
  }
  for_blocks(products_.pool(), outputs, kBlock, work(back_last_.size()), [&](size_t first, size_t count) {
    for (size_t o = first; o < first + count; ++o) {
      const uint32_t n = wiring_.outputs[o];
      const uint64_t inner = wiring_.inner[n];
      float* const z = z_.data() + o * pitch_;
      std::copy_n(base_.data() + output_at_[o] * pitch_, pitch_, z);
      if (rounds_ == 1) continue;
      gather(wiring_.begin[n + 1] - inner, row_.data() + inner, w + inner, of_round(v_, rounds_ - 1, 0), z);
    }
  });
  turn_out(rows, outputs, output_place_, z_.data(), y);
}

// d[round] from d[round + 1], of all neurons.
void NeuronNet::back_through(uint32_t round) noexcept {
  const bool last = round + 1 == rounds_;
  const Ways& ways = last ? back_last_ : back_;
  const float* const after = last ? d_last_.data() : of_round(d_, round + 1, 0);
  each_neuron(work(ways.size()), [&](size_t at, unsigned) {
    float* const d = of_round(d_, round, at);
    const float* const v = of_round(v_, round, at);
    const uint64_t begin = ways.begin[at];
    sparse_.gather(pitch_, ways.begin[at + 1] - begin, ways.row.data() + begin, ways.weight.data() + begin, after,
                   pitch_, false, d);
    switch (activation_) {
      case Activation::kTanh:
        for (size_t i = 0; i < pitch_; ++i) d[i] *= 1 - v[i] * v[i];
        break;
      case Activation::kSigmoid:
        for (size_t i = 0; i < pitch_; ++i) d[i] *= v[i] * (1 - v[i]);
        break;
      default:  // these have the sign of their sums
        products_.kernels().activate_backward(activation_, pitch_, v, d, kNeuronSlope, d);
    }
  });
}

// d_sum, and the gradients of the neuron's bias and of its connections, which are added or used up at once.
void NeuronNet::use_gradients(size_t at, unsigned worker) noexcept {
  const Kernels& kernels = products_.kernels();
  const uint32_t n = neuron_at_[at], output = output_of_[at];
  const uint64_t begin = wiring_.begin[n], inner = wiring_.inner[n], count = wiring_.begin[n + 1] - begin;
  const size_t round_size = wiring_.neurons * pitch_;
  float* const sum = d_sum_.data() + at * pitch_;
  const float* const last = output == kNone ? nullptr : d_last_.data() + output * pitch_;
  std::fill_n(sum, pitch_, 0.0f);
  for (uint32_t round = 1; round < rounds_; ++round) kernels.add(pitch_, of_round(d_, round, at), sum);
  if (last != nullptr) kernels.add(pitch_, last, sum);
  float bias = 0;
  for (size_t i = 0; i < pitch_; ++i) bias += sum[i];
  bias_.gradient[n] += bias;

  float* const g = room_.data() + worker * widest_;
  float* const g_inner = g + (inner - begin);
  const uint32_t* const rows = row_.data() + inner;
  sparse_.dots(pitch_, 1, inner - begin, row_.data() + begin, sum, 0, x_.data(), 0, pitch_, false, g);
  std::fill(g_inner, g + count, 0.0f);
  if (rounds_ > 2) {
    sparse_.dots(pitch_, rounds_ - 2, begin + count - inner, rows, of_round(d_, 2, at), round_size, of_round(v_, 1, 0),
                 round_size, pitch_, false, g_inner);
  }
  if (rounds_ > 1 && last != nullptr) {
    sparse_.dots(pitch_, 1, begin + count - inner, rows, last, 0, of_round(v_, rounds_ - 1, 0), 0, pitch_, true,
                 g_inner);
  }
  if (!weight_.updated_within) {
    kernels.add(count, g, weight_.gradient.data() + begin);
    return;
  }
  squares_by_neuron_[n] = kernels.sum_squares(count, g);
  const auto moment = [&](AlignedBuffer<float>& all) { return all.size() == 0 ? nullptr : &all[begin]; };
  kernels.update(count, step_, g, weight_.value.data() + begin, moment(weight_.moment1), moment(weight_.moment2));
}

void NeuronNet::backward(const Pass& pass, const float*, const float* d_y, float* d_x) noexcept {
  const size_t rows = pass.rows;
  turn_in(rows, wiring_.outputs.size(), output_place_, d_y, d_last_.data());
  for (uint32_t round = rounds_ - 1; round > 0; --round) back_through(round);
  each_neuron(work(wiring_.size()) * rounds_, [&](size_t at, unsigned worker) { use_gradients(at, worker); });
  squares_ = 0;
  if (weight_.updated_within) {
    for (const double squares : squares_by_neuron_) squares_ += squares;
  }
  if (d_x == nullptr) return;
  const Ways& ways = from_inputs_;
  for_blocks(products_.pool(), wiring_.inputs, kBlock, work(ways.size()), [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const uint64_t begin = ways.begin[i];
      sparse_.gather(pitch_, ways.begin[i + 1] - begin, ways.row.data() + begin, ways.weight.data() + begin,
                     d_sum_.data(), pitch_, false, d_x_.data() + i * pitch_);
    }
  });
  turn_out(rows, wiring_.inputs, input_place_, d_x_.data(), d_x);
}

}  // namespace nrw
