#include "layers/self_attention.h"

#include <algorithm>
#include <cmath>

#include "base/status.h"
#include "layers/softmax.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {{.name = "heads",
                              .type = Field::Type::kCount,
                              .about = "number of heads; the channels must be a multiple of it",
                              .minimum = 1,
                              .maximum = 65536,
                              .value = true,
                              .example = "4"}};

Shape output(const Settings& settings, const Shape& input) {
  const uint32_t heads = settings.count("heads");
  settings.require(
      input.dimensions > 1, "heads",
      "self_attention is for signals and images, whose places are the tokens, but the rows before it are " +
          input.text() + "; put an unflatten before it");
  settings.require(input.channels() % heads == 0, "heads",
                   format("must divide the number of channels, %u, got %u", input.channels(), heads));
  settings.require(input.places() <= 65536, "heads", "has too many tokens: " + input.text());
  return input;
}

// Starting values as in PyTorch: W_in uniform within sqrt(6 / (E + 3 E)), which is the default of a layer with 2 E / 3
// inputs; W_out as a linear layer's; biases 0.
std::vector<TensorSpec> tensors(const Settings&, const Shape& input, const Shape&) {
  const uint32_t width = input.channels();
  return {{.name = "in_proj_weight",
           .sizes = {3 * width, width},
           .start = TensorSpec::Start::kWeight,
           .fan_in = 2.0 * width / 3},
          {.name = "in_proj_bias", .sizes = {3 * width}},
          {.name = "out_proj.weight",
           .sizes = {width, width},
           .start = TensorSpec::Start::kWeight,
           .fan_in = static_cast<double>(width)},
          {.name = "out_proj.bias", .sizes = {width}}};
}

size_t workspace(const Settings& settings, const Shape& input, const Shape&, uint32_t rows, unsigned threads) {
  return SelfAttention::workspace(input, settings.count("heads"), rows, threads);
}

std::unique_ptr<Layer> make(const LayerContext& context) { return std::make_unique<SelfAttention>(context); }

size_t packed_floats(size_t tokens, size_t depth) noexcept {
  return std::max(Products::packed_size(depth, tokens), Products::packed_size(tokens, depth));
}

}  // namespace

const LayerType self_attention_type = {
    "self_attention",
    "mixes the places of a row by how their channels fit each other, in several heads",
    kFields,
    output,
    tensors,
    workspace,
    make};

SelfAttention::SelfAttention(const LayerContext& context)
    : products_(context.products),
      tokens_(context.input.places()),
      width_(context.input.channels()),
      heads_(context.settings.count("heads")),
      depth_(width_ / heads_),
      scale_(static_cast<float>(1 / std::sqrt(static_cast<double>(depth_)))) {
  const auto specs = tensors(context.settings, context.input, context.output);
  in_weight_ = Parameter(specs[0]);
  in_bias_ = Parameter(specs[1]);
  out_weight_ = Parameter(specs[2]);
  out_bias_ = Parameter(specs[3]);
}

size_t SelfAttention::workspace(const Shape& shape, uint32_t heads, uint32_t rows, unsigned threads) noexcept {
  const size_t tokens = shape.places(), width = shape.channels(), n = rows * tokens;
  return (n * width * 8 + n * heads * tokens + threads * (packed_floats(tokens, width / heads) + tokens * tokens)) *
         sizeof(float);
}

void SelfAttention::reserve(uint32_t rows) {
  const size_t n = rows * tokens_, threads = products_.pool().size();
  qkv_.reserve(n * 3 * width_);
  d_qkv_.reserve(n * 3 * width_);
  probabilities_.reserve(n * heads_ * tokens_);
  mixed_.reserve(n * width_);
  d_mixed_.reserve(n * width_);
  packed_.reserve(threads * packed_floats(tokens_, depth_));
  d_probabilities_.reserve(threads * tokens_ * tokens_);
  // The products over all rows: forward, to the inputs, to the weights.
  products_.reserve(width_, 3 * width_);
  products_.reserve(3 * width_, width_);
  products_.reserve(n, width_);
}

void SelfAttention::multiply(unsigned worker, size_t m, size_t n, size_t k, MatrixView a, MatrixView b, float* c,
                             size_t stride) noexcept {
  const Kernels& kernels = products_.kernels();
  float* const packed = packed_.data() + worker * packed_floats(tokens_, depth_);
  for (size_t first = 0; first < n; first += kPanel) {
    const size_t count = std::min(kPanel, n - first);
    kernels.pack_b(k, count, b.data + first * b.column_stride, b.row_stride, b.column_stride, packed);
    kernels.gemm(m, count, k, a.data, a.row_stride, a.column_stride, packed, c + first, stride, false);
  }
}

void SelfAttention::attend(unsigned worker, size_t row, size_t head) noexcept {
  const size_t stride = 3 * width_, size = tokens_ * tokens_;
  const MatrixView q{part(qkv_, row, head, 0), stride, 1}, k{part(qkv_, row, head, 1), stride, 1},
      v{part(qkv_, row, head, 2), stride, 1};
  float* const p = probabilities_.data() + (row * heads_ + head) * size;
  multiply(worker, tokens_, tokens_, depth_, q, k.transposed(), p, tokens_);
  for (size_t i = 0; i < size; ++i) p[i] *= scale_;
  softmax_forward(elementary_kernels(products_.kernels()), tokens_, tokens_, p, p);
  multiply(worker, tokens_, depth_, tokens_, {p, tokens_, 1}, v, mixed_.data() + row * tokens_ * width_ + head * depth_,
           width_);
}

// d_V = P^T d_O; d_P = d_O V^T; d_S = P (d_P - row sums of d_P P) / sqrt(d); d_Q = d_S K; d_K = d_S^T Q.
void SelfAttention::attend_backward(unsigned worker, size_t row, size_t head) noexcept {
  const size_t stride = 3 * width_, size = tokens_ * tokens_;
  const MatrixView q{part(qkv_, row, head, 0), stride, 1}, k{part(qkv_, row, head, 1), stride, 1},
      v{part(qkv_, row, head, 2), stride, 1};
  const MatrixView p{probabilities_.data() + (row * heads_ + head) * size, tokens_, 1};
  const MatrixView d_o{d_mixed_.data() + row * tokens_ * width_ + head * depth_, width_, 1};
  float* const d = d_probabilities_.data() + worker * size;
  multiply(worker, tokens_, depth_, tokens_, p.transposed(), d_o, part(d_qkv_, row, head, 2), stride);
  multiply(worker, tokens_, tokens_, depth_, d_o, v.transposed(), d, tokens_);
  softmax_backward(tokens_, tokens_, p.data, d, d);
  for (size_t i = 0; i < size; ++i) d[i] *= scale_;
  const MatrixView d_s{d, tokens_, 1};
  multiply(worker, tokens_, depth_, tokens_, d_s, k, part(d_qkv_, row, head, 0), stride);
  multiply(worker, tokens_, depth_, tokens_, d_s.transposed(), q, part(d_qkv_, row, head, 1), stride);
}

void SelfAttention::forward(const Pass& pass, const float* x, float* y) noexcept {
  const size_t n = pass.rows * tokens_, three = 3 * width_;
  products_.multiply(n, three, width_, {x, width_, 1}, MatrixView{in_weight_.value.data(), width_, 1}.transposed(),
                     qkv_.data(), false);
  products_.add_to_rows(n, three, in_bias_.value.data(), qkv_.data());
  run_tasks(products_.pool(), pass.rows * heads_, work(pass),
            [&](size_t task, unsigned worker) { attend(worker, task / heads_, task % heads_); });
  products_.multiply(n, width_, width_, {mixed_.data(), width_, 1},
                     MatrixView{out_weight_.value.data(), width_, 1}.transposed(), y, false);
  products_.add_to_rows(n, width_, out_bias_.value.data(), y);
}

void SelfAttention::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const size_t n = pass.rows * tokens_, three = 3 * width_;
  const MatrixView d_output{d_y, width_, 1}, d_qkv{d_qkv_.data(), three, 1};
  products_.add_column_sums(n, width_, d_y, out_bias_.gradient.data());
  products_.multiply(width_, width_, n, d_output.transposed(), {mixed_.data(), width_, 1}, out_weight_.gradient.data(),
                     true);
  products_.multiply(n, width_, width_, d_output, {out_weight_.value.data(), width_, 1}, d_mixed_.data(), false);
  run_tasks(products_.pool(), pass.rows * heads_, 2 * work(pass),
            [&](size_t task, unsigned worker) { attend_backward(worker, task / heads_, task % heads_); });
  products_.add_column_sums(n, three, d_qkv_.data(), in_bias_.gradient.data());
  products_.multiply(three, width_, n, d_qkv.transposed(), {x, width_, 1}, in_weight_.gradient.data(), true);
  if (d_x != nullptr) {
    products_.multiply(n, width_, three, d_qkv, {in_weight_.value.data(), width_, 1}, d_x, false);
  }
}

}  // namespace nrw
