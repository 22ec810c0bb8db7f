// A network of neurons of any wiring, for a fixed number of rounds. For x (rows x inputs), with v[0] = 0,
//
//   z[r] = b + sum over inputs of w x + sum over neurons of w v[r-1],   v[r] = f(z[r]),   y = z[rounds] of the outputs
//
// All neurons of a round read the values of the round before, and the row is the same in all rounds. It is trained
// through its rounds: with d[r] the gradient to z[r],
//
//   d[r] = f'(z[r]) * sum over the neurons that it leads to of w d[r+1]
//   d_w = sum over r and rows of d[r] v[r-1] (or x)
//
// Values and gradients are arrays with a row for each neuron, which has the values of the whole batch side by side: so
// a connection is loaded once a round and is one multiplication of a vector. Kept for the backward pass: v of all
// rounds. The gradient of a connection is complete once its neuron has been visited, so that an update can be made at
// once (Layer::update_within), and no array of gradients is written.
//
// Neurons lie in memory by parts of the network, and within one so that neighbours are near each other. A thread begins
// with a part of its own and helps with the others when it is done. The sums of a neuron are made by one task in the
// order of the wiring, so the bits depend neither on the threads nor on the parts.
#pragma once

#include <atomic>
#include <memory>

#include "kernels/sparse.h"
#include "layers/layer_type.h"
#include "layers/neuron_wiring.h"

namespace nrw {

// The neurons in the order in memory; those of part p are [begin[p], begin[p + 1]).
struct NeuronOrder {
  std::vector<uint32_t> neurons;
  std::vector<uint32_t> begin;
  // As they are numbered, in parts of the same size.
  static NeuronOrder natural(uint32_t neurons, uint32_t parts);
};

// What both kinds of layers have.
inline constexpr Field kNeuronRounds{
    .name = "rounds",
    .type = Field::Type::kCount,
    .about =
        "number of times that all neurons are evaluated, each time with the values that "
        "the others had the time before; at first they are 0",
    .minimum = 1,
    .maximum = 1000,
    .example = "4"};
inline constexpr Field kNeuronActivation{.name = "activation",
                                         .type = Field::Type::kWord,
                                         .about =
                                             "what makes a neuron's value of its sum, but for the outputs of the last "
                                             "round, which are sums; the slope of leaky_relu below 0 is 0.01",
                                         .fallback = "\"tanh\"",
                                         .words = "tanh sigmoid relu leaky_relu"};
inline constexpr Field kNeuronSeed{.name = "seed",
                                   .type = Field::Type::kCount,
                                   .about = "of the connections that are drawn; weights have the config's seed",
                                   .fallback = "1"};

Activation neuron_activation(const Settings& settings);

class NeuronNet final : public Layer {
 public:
  static constexpr uint32_t kNone = 0xFFFFFFFFu;

  NeuronNet(const LayerContext& context, Wiring wiring, const NeuronOrder& order);

  static std::vector<TensorSpec> tensors(const Wiring& wiring);
  // Bytes beside the parameters.
  static size_t workspace(const Wiring& wiring, uint32_t rounds, uint32_t rows, unsigned threads) noexcept;

  void reserve(uint32_t rows) override;
  size_t pack_tasks(bool training) const noexcept override;
  void pack(size_t task) noexcept override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  void update_within(const OptimizerStep* step) noexcept override;
  double squares_within() const noexcept override { return squares_; }
  void started() noexcept override;
  size_t neurons() const noexcept override { return wiring_.neurons; }
  void neuron_values(size_t rows, float* out, size_t stride) const noexcept override;
  std::vector<Parameter*> parameters() override { return {&weight_, &bias_}; }
  std::vector<Buffer*> buffers() override { return {&edge_index_}; }

 private:
  // Connections by source: rows that they lead to, and their numbers and weights.
  struct Ways {
    std::vector<uint64_t> begin;
    std::vector<uint32_t> row, number;
    AlignedBuffer<float> weight;
    uint64_t size() const noexcept { return row.size(); }
  };
  struct Queue {  // of the blocks of a part, on a cache line of its own
    alignas(64) std::atomic<uint32_t> next;
  };
  static constexpr uint32_t kBlock = 16;  // neurons
  // Floats from one neuron to the next for so many rows of a batch: whole registers of every instruction set.
  static size_t pitch_of(size_t rows) noexcept { return (rows + 15) / 16 * 16; }

  Ways ways(size_t sources, auto&& source_of, auto&& row_of) const;
  // body(place in memory, worker) for all neurons.
  template <class Body>
  void each_neuron(size_t work, Body&& body) noexcept;
  // round from 1
  size_t of_round(uint32_t round, size_t at) const noexcept {
    return ((round - 1) * size_t{wiring_.neurons} + at) * pitch_;
  }
  float* of_round(AlignedBuffer<float>& all, uint32_t round, size_t at) noexcept {
    return all.data() + of_round(round, at);
  }
  void gather(size_t count, const uint32_t* rows, const float* weights, const float* from, float* to) noexcept;
  void turn_in(size_t rows, size_t width, const std::vector<uint32_t>& places, const float* from, float* to) noexcept;
  void turn_out(size_t rows, size_t width, const std::vector<uint32_t>& places, const float* from, float* to) noexcept;
  void back_through(uint32_t round) noexcept;
  void use_gradients(size_t at, unsigned worker) noexcept;
  size_t work(uint64_t connections) const noexcept { return connections * pitch_; }

  Products& products_;
  const SparseKernels& sparse_;
  const uint32_t rounds_;
  const Activation activation_;
  Wiring wiring_;
  std::vector<uint32_t> neuron_at_;    // by place in memory
  std::vector<uint32_t> part_begin_;   // places
  std::vector<uint32_t> row_;          // of each connection: the input, or the place of the neuron, that it comes from
  std::vector<uint32_t> input_place_;  // of the values of a row in its memory, by their number; likewise of outputs
  std::vector<uint32_t> output_place_, output_at_;  // and the place of an output's neuron
  std::vector<uint32_t> output_of_;                 // by place: its number among the outputs, or kNone
  Ways from_inputs_, back_, back_last_;             // back_last_: to outputs only, whose rows are those of d_last_
  std::unique_ptr<Queue[]> queues_;
  uint64_t widest_ = 0;  // the most connections of a neuron

  Parameter weight_, bias_;
  Buffer edge_index_;
  OptimizerStep step_;
  double squares_ = 0;

  size_t rows_ = 0, pitch_ = 0;                 // of the batch, and floats from one neuron to the next
  AlignedBuffer<float> x_, base_, z_, d_last_;  // inputs, neurons, outputs and outputs x pitch
  AlignedBuffer<float> v_, d_;                  // rounds 1 ... rounds - 1, neurons x pitch each
  AlignedBuffer<float> d_sum_, d_x_;            // neurons x pitch: over the rounds; inputs x pitch
  AlignedBuffer<float> room_;                   // threads x widest: gradients of a neuron's connections
  AlignedBuffer<double> squares_by_neuron_;
};

// What a type of such layers says of itself, by the function that makes its wiring.
template <Wiring (*kWiring)(const Settings& settings, const Shape& input)>
struct NeuronType {
  static Shape output(const Settings& settings, const Shape& input) {
    kWiring(settings, input);  // says what is wrong
    return settings.shape("size");
  }
  static std::vector<TensorSpec> tensors(const Settings& settings, const Shape& input, const Shape&) {
    return NeuronNet::tensors(kWiring(settings, input));
  }
  static size_t workspace(const Settings& settings, const Shape& input, const Shape&, uint32_t rows, unsigned threads) {
    return NeuronNet::workspace(kWiring(settings, input), settings.count("rounds"), rows, threads);
  }
};

}  // namespace nrw
