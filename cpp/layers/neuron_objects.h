// Networks of neurons in their plain form, with which the others are compared: each neuron is an object of its own on
// the heap, with a list of its connections and its values of all rounds, and takes one row at a time.
//
//   v[0] = 0,  z[r] = b + sum over inputs of w x + sum over neurons of w v[r-1],  v[r] = f(z[r]),  y = z[rounds]
//
// All neurons of a round read the values of the round before. Of the last round only the sums of the outputs are used.
#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "kernels/kernels.h"
#include "layers/neuron_wiring.h"

namespace nrw {

inline constexpr double kNeuronSlope = 0.01;  // of leaky_relu, below 0

template <class T>
T neuron_value(Activation f, T z) {
  switch (f) {
    case Activation::kTanh:
      return std::tanh(z);
    case Activation::kSigmoid:
      return 1 / (1 + std::exp(-z));
    case Activation::kLeakyRelu:
      return z > 0 ? z : static_cast<T>(kNeuronSlope) * z;
    default:
      return z > 0 ? z : T{0};
  }
}

// f'(z) from v = f(z).
template <class T>
T neuron_slope(Activation f, T v) {
  switch (f) {
    case Activation::kTanh:
      return 1 - v * v;
    case Activation::kSigmoid:
      return v * (1 - v);
    case Activation::kLeakyRelu:
      return v > 0 ? T{1} : static_cast<T>(kNeuronSlope);
    default:
      return v > 0 ? T{1} : T{0};
  }
}

template <class T>
class NeuronObjects {
 public:
  struct Neuron;
  struct Connection {
    Neuron* from;
    T weight, gradient;
  };
  struct Neuron {
    std::vector<Connection> connections;
    T bias = 0, bias_gradient = 0;
    std::vector<T> value;    // by round, from 0; of an input in all of them the same
    std::vector<T> d_value;  // the gradient to it
  };

  NeuronObjects(const Wiring& wiring, uint32_t rounds, Activation f)
      : wiring_(wiring), rounds_(rounds), f_(f), all_(wiring.inputs + wiring.neurons) {
    for (auto& neuron : all_) {
      neuron = std::make_unique<Neuron>();
      neuron->value.resize(rounds + 1);
      neuron->d_value.resize(rounds + 1);
    }
    for (uint32_t n = 0; n < wiring.neurons; ++n) {
      for (uint64_t k = wiring.begin[n]; k < wiring.begin[n + 1]; ++k) {
        this->neuron(n).connections.push_back({all_[wiring.source[k]].get(), 0, 0});
      }
    }
  }

  Neuron& neuron(uint32_t n) { return *all_[wiring_.inputs + n]; }
  // each(connection, its number), in the order of the wiring.
  template <class Each>
  void each_connection(Each&& each) {
    uint64_t k = 0;
    for (uint32_t n = 0; n < wiring_.neurons; ++n) {
      for (Connection& c : neuron(n).connections) each(c, k++);
    }
  }

  // y (outputs) from x (inputs).
  void forward(const T* x, T* y) {
    for (uint32_t i = 0; i < wiring_.inputs; ++i) all_[i]->value.assign(rounds_ + 1, x[i]);
    for (uint32_t r = 1; r < rounds_; ++r) {
      for (uint32_t n = 0; n < wiring_.neurons; ++n) neuron(n).value[r] = neuron_value(f_, sum(neuron(n), r));
    }
    for (size_t o = 0; o < wiring_.outputs.size(); ++o) y[o] = sum(neuron(wiring_.outputs[o]), rounds_);
  }

  // After the forward pass of the same row. Gradients of weights and biases are added to; d_x is overwritten.
  void backward(const T* d_y, T* d_x) {
    for (auto& neuron : all_) neuron->d_value.assign(rounds_ + 1, 0);
    for (size_t o = 0; o < wiring_.outputs.size(); ++o) back(neuron(wiring_.outputs[o]), rounds_, d_y[o]);
    for (uint32_t r = rounds_ - 1; r > 0; --r) {
      for (uint32_t n = 0; n < wiring_.neurons; ++n) {
        Neuron& at = neuron(n);
        back(at, r, at.d_value[r] * neuron_slope(f_, at.value[r]));
      }
    }
    for (uint32_t i = 0; i < wiring_.inputs; ++i) {
      d_x[i] = 0;
      for (uint32_t r = 0; r < rounds_; ++r) d_x[i] += all_[i]->d_value[r];
    }
  }

 private:
  T sum(const Neuron& to, uint32_t round) const {
    T all = to.bias;
    for (const Connection& c : to.connections) all += c.weight * c.from->value[round - 1];
    return all;
  }
  void back(Neuron& to, uint32_t round, T d) {
    to.bias_gradient += d;
    for (Connection& c : to.connections) {
      c.gradient += d * c.from->value[round - 1];
      c.from->d_value[round - 1] += d * c.weight;
    }
  }

  const Wiring& wiring_;
  const uint32_t rounds_;
  const Activation f_;
  std::vector<std::unique_ptr<Neuron>> all_;  // inputs, then neurons
};

}  // namespace nrw
