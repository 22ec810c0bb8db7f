// What is trained and what is saved: tensors with PyTorch's names, shapes and order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"

namespace nrw {

// A trained tensor before it exists: PyTorch's name, shape and start (torch.nn.init).
struct TensorSpec {
  enum class Start {
    kWeight,   // as the layer's `init` says
    kBias,     // uniform(-1/sqrt(fan_in), 1/sqrt(fan_in)) where `init` is default, else 0
    kConstant  // `constant`
  };
  std::string name;
  std::vector<uint32_t> sizes;  // at least one
  Start start = Start::kConstant;
  double constant = 0;
  double fan_in = 0, fan_out = 0;

  uint64_t size() const noexcept {
    uint64_t product = 1;
    for (const uint32_t size : sizes) product *= size;
    return product;
  }
};

// A trained tensor in PyTorch's shape and order, with its gradient and the optimizer's state.
struct Parameter {
  std::string name;
  std::vector<uint32_t> sizes;
  AlignedBuffer<float> value, gradient;
  AlignedBuffer<float> moment1, moment2;  // like value, or empty: OptimizerStep::moments()
  double rate = 1;                        // factor of the learning rate
  bool updated_within = false;            // its layer updates it within the backward pass: Layer::update_within

  Parameter() = default;
  explicit Parameter(const TensorSpec& spec) : name(spec.name), sizes(spec.sizes) {}

  size_t size() const noexcept {
    size_t product = sizes.empty() ? 0 : 1;
    for (const uint32_t size : sizes) product *= size;
    return product;
  }
  void allocate(int moments) {
    value = AlignedBuffer<float>(size());
    gradient = AlignedBuffer<float>(size());
    if (moments > 0) moment1 = AlignedBuffer<float>(size());
    if (moments > 1) moment2 = AlignedBuffer<float>(size());
  }
};

// State that is saved but not trained: floats, or one count.
struct Buffer {
  std::string name;
  AlignedBuffer<float> value;
  int64_t count = 0;
  bool is_count = false;
  std::vector<uint32_t> sizes;  // of `value`; empty for a vector
};

}  // namespace nrw
