#include "layers/neuron_net.h"

#include <algorithm>

#include "layers/neuron_objects.h"

namespace nrw {

namespace {

constexpr size_t kPackBlock = 16384;  // connections
constexpr size_t kTurned = 16;        // values of a row, a task

}  // namespace

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

// to += the sum of the weighted rows.
void NeuronNet::gather(size_t count, const uint32_t* rows, const float* weights, const float* from,
                       float* to) noexcept {
  sparse_.gather(rows_, count, rows, weights, from, pitch_, true, to);
}

// to (width x pitch) = the transpose of from (rows x width), by the numbers of the values.
void NeuronNet::turn_in(size_t rows, size_t width, const std::vector<uint32_t>& places, const float* from,
                        float* to) noexcept {
  for_blocks(products_.pool(), width, kTurned, rows * width, [&](size_t first, size_t count) {
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
  rows_ = rows;
  pitch_ = pitch_of(rows);
  turn_in(rows, wiring_.inputs, input_place_, x, x_.data());
  each_neuron(work(from_inputs_.size()) + wiring_.neurons * pitch_, [&](size_t at, unsigned) {
    const uint32_t n = neuron_at_[at];
    const uint64_t begin = wiring_.begin[n];
    float* const base = base_.data() + at * pitch_;
    std::fill_n(base, rows_, bias_.value[n]);
    gather(wiring_.inner[n] - begin, row_.data() + begin, w + begin, x_.data(), base);
    if (rounds_ > 1) kernels.activate(activation_, rows_, base, kNeuronSlope, of_round(v_, 1, at));
  });
  for (uint32_t round = 2; round < rounds_; ++round) {
    const float* const before = of_round(v_, round - 1, 0);
    each_neuron(work(wiring_.size() - from_inputs_.size()), [&](size_t at, unsigned) {
      const uint32_t n = neuron_at_[at];
      const uint64_t inner = wiring_.inner[n];
      float* const v = of_round(v_, round, at);
      std::copy_n(base_.data() + at * pitch_, rows_, v);
      gather(wiring_.begin[n + 1] - inner, row_.data() + inner, w + inner, before, v);
      kernels.activate(activation_, rows_, v, kNeuronSlope, v);
    });
  }
  for_blocks(products_.pool(), outputs, kBlock, work(back_last_.size()), [&](size_t first, size_t count) {
    for (size_t o = first; o < first + count; ++o) {
      const uint32_t n = wiring_.outputs[o];
      const uint64_t inner = wiring_.inner[n];
      float* const z = z_.data() + o * pitch_;
      std::copy_n(base_.data() + output_at_[o] * pitch_, rows_, z);
      if (rounds_ == 1) continue;
      gather(wiring_.begin[n + 1] - inner, row_.data() + inner, w + inner, of_round(v_, rounds_ - 1, 0), z);
    }
  });
  turn_out(rows, outputs, output_place_, z_.data(), y);
}

void NeuronNet::neuron_values(size_t rows, float* out, size_t stride) const noexcept {
  for (size_t at = 0; at < neuron_at_.size(); ++at) {
    float* const to = out + neuron_at_[at];
    if (rounds_ > 1) {
      const float* const v = v_.data() + of_round(rounds_ - 1, at);
      for (size_t row = 0; row < rows; ++row) to[row * stride] = v[row];
    } else {
      const float* const z = base_.data() + at * pitch_;
      for (size_t row = 0; row < rows; ++row) to[row * stride] = neuron_value(activation_, z[row]);
    }
  }
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
    sparse_.gather(rows_, ways.begin[at + 1] - begin, ways.row.data() + begin, ways.weight.data() + begin, after,
                   pitch_, false, d);
    switch (activation_) {
      case Activation::kTanh:
        for (size_t i = 0; i < rows_; ++i) d[i] *= 1 - v[i] * v[i];
        break;
      case Activation::kSigmoid:
        for (size_t i = 0; i < rows_; ++i) d[i] *= v[i] * (1 - v[i]);
        break;
      default:  // these have the sign of their sums
        products_.kernels().activate_backward(activation_, rows_, v, d, kNeuronSlope, d);
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
  std::fill_n(sum, rows_, 0.0f);
  for (uint32_t round = 1; round < rounds_; ++round) kernels.add(rows_, of_round(d_, round, at), sum);
  if (last != nullptr) kernels.add(rows_, last, sum);
  float bias = 0;
  for (size_t i = 0; i < rows_; ++i) bias += sum[i];
  bias_.gradient[n] += bias;

  float* const g = room_.data() + worker * widest_;
  float* const g_inner = g + (inner - begin);
  const uint32_t* const rows = row_.data() + inner;
  sparse_.dots(rows_, 1, inner - begin, row_.data() + begin, sum, 0, x_.data(), 0, pitch_, false, g);
  std::fill(g_inner, g + count, 0.0f);
  if (rounds_ > 2) {
    sparse_.dots(rows_, rounds_ - 2, begin + count - inner, rows, of_round(d_, 2, at), round_size, of_round(v_, 1, 0),
                 round_size, pitch_, false, g_inner);
  }
  if (rounds_ > 1 && last != nullptr) {
    sparse_.dots(rows_, 1, begin + count - inner, rows, last, 0, of_round(v_, rounds_ - 1, 0), 0, pitch_, true,
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
      sparse_.gather(rows_, ways.begin[i + 1] - begin, ways.row.data() + begin, ways.weight.data() + begin,
                     d_sum_.data(), pitch_, false, d_x_.data() + i * pitch_);
    }
  });
  turn_out(rows, wiring_.inputs, input_place_, d_x_.data(), d_x);
}

}  // namespace nrw
