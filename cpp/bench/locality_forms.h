// The forms of a network of neurons that bench_locality compares. Each has step(), a training step, and result().
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "layers/neuron_net.h"
#include "layers/neuron_objects.h"
#include "layers/partition.h"

namespace nrw::bench {

inline constexpr uint32_t kInputs = 256, kInputFanIn = 8, kOutputs = 64;
inline constexpr Activation kF = Activation::kTanh;

struct Task {
  Wiring wiring;
  uint32_t rounds, rows;
  std::vector<float> weight, bias;  // at the start
  std::vector<float> x, d_y;        // rows x inputs, rows x outputs
  // Of plain SGD: large, so that differences of gradients are seen in the weights; small while steps are timed.
  float rate = 1;
};

// Seconds of a step.
struct Seconds {
  double forward = 0, backward = 0, update = 0;
};

// Adds the time that body takes.
template <class Body>
void timed(double& seconds, Body&& body) {
  const auto before = std::chrono::steady_clock::now();
  body();
  seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
}

// What a step leaves: outputs, the gradient to the row, and the weights and biases after it.
struct Result {
  std::vector<float> y, d_x, weight, bias;
};

// A small world (neuron_graph.h) whose neurons are numbered at random, so that their numbers do not tell who is near.
inline Wiring small_world(uint32_t neurons, uint32_t fan_in) {
  constexpr uint32_t kReach = 32;
  constexpr double kFar = 0.05;
  std::vector<uint32_t> number(neurons);
  for (uint32_t n = 0; n < neurons; ++n) number[n] = n;
  WiringDraws shuffle(1, 0, 0);
  for (uint32_t n = neurons; n > 1; --n) std::swap(number[n - 1], number[shuffle.below(n)]);
  WiringBuilder builder(kInputs, neurons);
  for (uint32_t n = 0; n < neurons; ++n) {
    WiringDraws draws(1, 1, n);
    for (uint32_t i = 0; i < fan_in; ++i) {
      const uint32_t near = (n + neurons + draws.below(2 * kReach + 1) - kReach) % neurons;
      builder.connect(kInputs + number[draws.uniform() < kFar ? draws.below(neurons) : near], number[n]);
    }
    for (const uint32_t input : draws.distinct(kInputFanIn, kInputs)) builder.connect(input, number[n]);
  }
  std::vector<uint32_t> outputs;
  for (uint32_t o = 0; o < kOutputs; ++o) outputs.push_back(number[uint64_t{o} * neurons / kOutputs]);
  return builder.finish(outputs);
}

// 1. One object a neuron, with a list of connections, each row by itself.
class Objects {
 public:
  explicit Objects(const Task& task) : task_(task), net_(task.wiring, task.rounds, kF), result_(sized(task)) {
    net_.each_connection([&](auto& c, uint64_t k) { c.weight = task.weight[k]; });
    for (uint32_t n = 0; n < task.wiring.neurons; ++n) net_.neuron(n).bias = task.bias[n];
  }
  static Result sized(const Task& task) {
    return {std::vector<float>(task.d_y.size()), std::vector<float>(task.x.size()), task.weight, task.bias};
  }
  // The values of a row are needed for its backward pass, so both are made row by row.
  Seconds step() {
    Seconds seconds;
    for (uint32_t row = 0; row < task_.rows; ++row) {
      timed(seconds.forward, [&] { net_.forward(task_.x.data() + row * kInputs, result_.y.data() + row * kOutputs); });
      timed(seconds.backward,
            [&] { net_.backward(task_.d_y.data() + row * kOutputs, result_.d_x.data() + row * kInputs); });
    }
    timed(seconds.update, [&] { update(); });
    return seconds;
  }
  void update() {
    net_.each_connection([&](auto& c, uint64_t) {
      c.weight -= task_.rate * c.gradient;
      c.gradient = 0;
    });
    for (uint32_t n = 0; n < task_.wiring.neurons; ++n) {
      auto& neuron = net_.neuron(n);
      neuron.bias -= task_.rate * neuron.bias_gradient;
      neuron.bias_gradient = 0;
    }
  }
  Result result() {
    net_.each_connection([&](auto& c, uint64_t k) { result_.weight[k] = c.weight; });
    for (uint32_t n = 0; n < task_.wiring.neurons; ++n) result_.bias[n] = net_.neuron(n).bias;
    return result_;
  }

 private:
  const Task& task_;
  NeuronObjects<float> net_;
  Result result_;
};

// 2. Flat arrays by neuron and by connection, each row by itself (kRows = 1).  3. The values of the whole batch side by
// side, so that a connection is loaded once a round.
class Flat {
 public:
  // together: how many rows are passed at once.
  Flat(const Task& task, uint32_t together)
      : task_(task),
        together_(together),
        result_(Objects::sized(task)),
        all_(task.wiring.inputs + task.wiring.neurons),
        v_(size_t{task.rounds} * all_ * together),
        d_((size_t{task.rounds} + 1) * all_ * together),
        gradient_(task.weight.size()),
        bias_gradient_(task.bias.size()) {}

  Seconds step() {
    Seconds seconds;
    for (uint32_t row = 0; row < task_.rows; row += together_) {
      timed(seconds.forward, [&] { forward(row); });
      timed(seconds.backward, [&] { backward(row); });
    }
    timed(seconds.update, [&] { update(); });
    return seconds;
  }
  void update() {
    for (size_t k = 0; k < gradient_.size(); ++k) {
      result_.weight[k] -= task_.rate * gradient_[k];
      gradient_[k] = 0;
    }
    for (size_t n = 0; n < bias_gradient_.size(); ++n) {
      result_.bias[n] -= task_.rate * bias_gradient_[n];
      bias_gradient_[n] = 0;
    }
  }
  Result result() { return result_; }

 private:
  float* value(uint32_t round, size_t number) { return v_.data() + (round * all_ + number) * together_; }
  float* d_value(uint32_t round, size_t number) { return d_.data() + (round * all_ + number) * together_; }

  void sum(uint32_t n, uint32_t round, float* z) {
    const Wiring& w = task_.wiring;
    for (uint32_t i = 0; i < together_; ++i) z[i] = result_.bias[n];
    for (uint64_t k = w.begin[n]; k < w.begin[n + 1]; ++k) {
      const float weight = result_.weight[k];
      const float* const from = value(round - 1, w.source[k]);
      for (uint32_t i = 0; i < together_; ++i) z[i] += weight * from[i];
    }
  }
  void back(uint32_t n, uint32_t round, const float* d) {
    const Wiring& w = task_.wiring;
    for (uint32_t i = 0; i < together_; ++i) bias_gradient_[n] += d[i];
    for (uint64_t k = w.begin[n]; k < w.begin[n + 1]; ++k) {
      const float* const from = value(round - 1, w.source[k]);
      float* const d_from = d_value(round - 1, w.source[k]);
      const float weight = result_.weight[k];
      float sum = 0;
      for (uint32_t i = 0; i < together_; ++i) {
        sum += d[i] * from[i];
        d_from[i] += weight * d[i];
      }
      gradient_[k] += sum;
    }
  }
  void forward(uint32_t row) {
    const Wiring& w = task_.wiring;
    for (uint32_t round = 0; round < task_.rounds; ++round) {
      for (uint32_t j = 0; j < kInputs; ++j) {
        for (uint32_t i = 0; i < together_; ++i) value(round, j)[i] = task_.x[(row + i) * kInputs + j];
      }
    }
    for (uint32_t round = 1; round < task_.rounds; ++round) {
      for (uint32_t n = 0; n < w.neurons; ++n) {
        float* const v = value(round, kInputs + n);
        sum(n, round, v);
        for (uint32_t i = 0; i < together_; ++i) v[i] = std::tanh(v[i]);
      }
    }
    std::vector<float> z(together_);
    for (uint32_t o = 0; o < kOutputs; ++o) {
      sum(w.outputs[o], task_.rounds, z.data());
      for (uint32_t i = 0; i < together_; ++i) result_.y[(row + i) * kOutputs + o] = z[i];
    }
  }
  void backward(uint32_t row) {
    const Wiring& w = task_.wiring;
    std::fill(d_.begin(), d_.end(), 0.0f);
    std::vector<float> d(together_);
    for (uint32_t o = 0; o < kOutputs; ++o) {
      for (uint32_t i = 0; i < together_; ++i) d[i] = task_.d_y[(row + i) * kOutputs + o];
      back(w.outputs[o], task_.rounds, d.data());
    }
    for (uint32_t round = task_.rounds - 1; round > 0; --round) {
      for (uint32_t n = 0; n < w.neurons; ++n) {
        const float *const v = value(round, kInputs + n), *const d_v = d_value(round, kInputs + n);
        for (uint32_t i = 0; i < together_; ++i) d[i] = d_v[i] * (1 - v[i] * v[i]);
        back(n, round, d.data());
      }
    }
    for (uint32_t j = 0; j < kInputs; ++j) {
      for (uint32_t i = 0; i < together_; ++i) {
        float sum = 0;
        for (uint32_t round = 0; round < task_.rounds; ++round) sum += d_value(round, j)[i];
        result_.d_x[(row + i) * kInputs + j] = sum;
      }
    }
  }

  const Task& task_;
  const uint32_t together_;
  Result result_;
  const size_t all_;
  std::vector<float> v_, d_;  // rounds (and one more) x numbers x rows together
  std::vector<float> gradient_, bias_gradient_;
};

// 4. The engine's layer, whose inner loops are vectors, with neurons in memory as they are numbered.  5. Neurons in
// memory by parts.  6. Weights updated as soon as their gradients are known.
class Engine {
 public:
  Engine(const Task& task, unsigned threads, bool ordered, bool within)
      : task_(task),
        within_(within),
        pool_(threads),
        products_(kernels(), pool_),
        spec_(layer_spec(Json::parse(R"({"kind": "neuron_graph", "size": 64, "neurons": 64, "rounds": )" +
                                     std::to_string(task.rounds) + "}"),
                         "layer")),
        net_({products_, spec_.settings, Shape::flat(kInputs), Shape::flat(kOutputs), 1, 0, 0, nullptr}, task.wiring,
             ordered ? by_parts(task.wiring, threads) : NeuronOrder::natural(task.wiring.neurons, threads)),
        result_(Objects::sized(task)) {
    net_.reserve(task.rows);
    const auto parameters = net_.parameters();
    for (Parameter* p : parameters) p->allocate(0);
    std::copy(task.weight.begin(), task.weight.end(), parameters[0]->value.begin());
    std::copy(task.bias.begin(), task.bias.end(), parameters[1]->value.begin());
    step_.kind = OptimizerKind::kSgd;
    step_.learning_rate = task.rate;
  }
  Seconds step() {
    const Pass pass{.rows = task_.rows, .training = true};
    Seconds seconds;
    timed(seconds.forward, [&] { net_.forward(pass, task_.x.data(), result_.y.data()); });
    // With what the pass makes of the weights first.
    timed(seconds.backward, [&] {
      for_blocks(pool_, net_.pack_tasks(true), 1, task_.weight.size(), [&](size_t task, size_t) { net_.pack(task); });
      net_.update_within(within_ ? &step_ : nullptr);
      net_.backward(pass, task_.x.data(), task_.d_y.data(), result_.d_x.data());
    });
    timed(seconds.update, [&] { update(); });
    return seconds;
  }
  void update() {
    for (Parameter* p : net_.parameters()) {
      if (p->updated_within) continue;
      for_blocks(pool_, p->size(), 4096, 4 * p->size(), [&](size_t first, size_t count) {
        kernels().update(count, step_, p->gradient.data() + first, p->value.data() + first, nullptr, nullptr);
        std::fill_n(p->gradient.data() + first, count, 0.0f);
      });
    }
  }
  Result result() {
    const auto parameters = net_.parameters();
    std::copy(parameters[0]->value.begin(), parameters[0]->value.end(), result_.weight.begin());
    std::copy(parameters[1]->value.begin(), parameters[1]->value.end(), result_.bias.begin());
    return result_;
  }

 private:
  static NeuronOrder by_parts(const Wiring& wiring, unsigned threads) {
    std::vector<uint32_t> pairs;
    for (uint32_t n = 0; n < wiring.neurons; ++n) {
      for (uint64_t k = wiring.inner[n]; k < wiring.begin[n + 1]; ++k) {
        pairs.insert(pairs.end(), {wiring.source[k] - wiring.inputs, n});
      }
    }
    const Graph graph = graph_of(wiring.neurons, pairs);
    NeuronOrder order;
    order.neurons = local_order(graph, partition(graph, threads), threads, order.begin);
    return order;
  }
  const Task& task_;
  const bool within_;
  ThreadPool pool_;
  Products products_;
  const LayerSpec spec_;
  NeuronNet net_;
  OptimizerStep step_;
  Result result_;
};

}  // namespace nrw::bench
