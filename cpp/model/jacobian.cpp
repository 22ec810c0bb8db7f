// Jacobians of a network in evaluation mode, by the backward passes of its layers.
//
// A row of a Jacobian is the gradient of one output. Backward passes take rows apart, so a batch of copies of one input
// gives as many rows of its Jacobian at once. Where the last layer is claimed, h = g(z) are its inputs and W its
// weights, dy/dz = W dh/dz, which takes as many backward rows as h has values, however many columns there are. Where
// the first layer is claimed, with u its outputs, dz/dx = dz/du W likewise.
#include <algorithm>
#include <cmath>

#include "base/float_mode.h"
#include "base/status.h"
#include "model/model.h"

namespace nrw {

namespace {

constexpr uint32_t kCopies = 64;  // rows of a Jacobian that are made at once
// Forward passes of the same values may differ by so much as a share of the largest value, where training packs its
// operands in another order.
constexpr float kSame = 1e-4f;

bool same_values(const float* a, const float* b, size_t n) {
  float largest = 0, apart = 0;
  for (size_t i = 0; i < n; ++i) {
    largest = std::max(largest, std::fabs(a[i]));
    apart = std::max(apart, std::fabs(a[i] - b[i]));
  }
  return apart <= kSame * largest;
}

}  // namespace

void Network::copy_rows(size_t at, uint32_t rows, const float* row) noexcept {
  for (uint32_t i = 0; i < rows; ++i) std::copy_n(row, width_at(at), activations_[at].data() + i * width_at(at));
}

// The pass of `rows` copies of a row that a backward pass follows: as in training, but nothing is added to the loss.
void Network::forward_copies(uint32_t rows, const float* row, size_t first, size_t last) {
  reserve(rows);
  pack_weights(true);
  copy_rows(first, 1, row);
  forward_layers({.rows = 1}, first, last);
  std::vector<std::vector<float>> settled;
  for (size_t i = first; i <= last; ++i) {
    settled.emplace_back(activations_[i].data(), activations_[i].data() + width_at(i));
  }
  copies_row_id_.reserve(rows);
  std::fill_n(copies_row_id_.data(), rows, uint64_t{0});
  copy_rows(first, rows, row);
  forward_layers(copies_pass(rows), first, last);
  for (size_t i = first; i < last; ++i) {
    if (same_values(settled[i + 1 - first].data(), activations_[i + 1].data(), width_at(i + 1))) continue;
    const PlannedLayer& layer = plan_.layers[plan_.plain_begin() + i];
    throw Error(NRW_UNSUPPORTED, layer.name() + " (" + layer.spec.type->name +
                                     ") computes something else in training than in evaluation, so its backward pass "
                                     "is not that of an evaluation");
  }
}

// After forward_copies: rows [0, count) of d_[0] hold gradients to activation `last`. Returns those to activation
// `first`.
const float* Network::backward_copies(uint32_t rows, size_t first, size_t last) noexcept {
  return first == last ? d_[0].data() : backward_range(copies_pass(rows), first, last, true);
}

void Network::decoder_jacobian(const float* latent, const uint32_t* chosen, uint32_t count, float* out) {
  if (plan_.needs_categories) {
    throw Error(NRW_UNSUPPORTED, "the network needs the category of each row, which latent vectors do not have");
  }
  const Shape& shape = plan_.latent();
  const size_t first = latent_at(), last = middle(), width = width_at(last), size = shape.size();
  const bool claimed = plan_.output_claimed();
  const size_t wanted = claimed ? width : count;
  const auto rows = static_cast<uint32_t>(std::min<size_t>(wanted, kCopies));
  std::vector<float> start(size), row(size);
  if (shape.one_order()) {
    std::copy_n(latent, size, start.data());
  } else {
    to_channels_last(shape, latent, start.data());
  }
  forward_copies(rows, start.data(), first, last);
  const Shape& outputs = shape_at(last);
  const auto place = [&](size_t k) {  // of the k-th row that is wanted, among the values of the last activation
    if (claimed) return k;
    const size_t column = chosen == nullptr ? k : chosen[k], places = outputs.places(), channels = outputs.channels();
    return column % places * channels + column / places;
  };
  std::vector<float> of_features(claimed ? wanted * size : 0);
  float* const to = claimed ? of_features.data() : out;
  for (size_t block = 0; block < wanted; block += rows) {
    const auto some = static_cast<uint32_t>(std::min<size_t>(rows, wanted - block));
    std::fill_n(d_[0].data(), size_t{rows} * width, 0.0f);
    for (uint32_t i = 0; i < some; ++i) d_[0][i * width + place(block + i)] = 1;
    const float* const d = backward_copies(rows, first, last);
    for (uint32_t i = 0; i < some; ++i) {
      if (shape.one_order()) {
        std::copy_n(d + i * size, size, to + (block + i) * size);
      } else {
        to_channels_first(shape, d + i * size, to + (block + i) * size);
      }
    }
  }
  zero_gradients();
  if (!claimed) return;
  const ColumnWeights& w = *output_->plain_weights(true).weights;
  const size_t heads = loss_->heads();
  for_blocks(pool_, count, 64, 2 * size_t{count} * width * size, [&](size_t from, size_t some) {
    std::vector<double> sum(size);
    for (size_t k = from; k < from + some; ++k) {
      const float* const weights = w.row((chosen == nullptr ? k : chosen[k]) * heads);
      std::fill(sum.begin(), sum.end(), 0.0);
      for (size_t j = 0; j < width; ++j) {
        for (size_t l = 0; l < size; ++l) sum[l] += static_cast<double>(weights[j]) * of_features[j * size + l];
      }
      for (size_t l = 0; l < size; ++l) out[k * size + l] = static_cast<float>(sum[l]);
    }
  });
}

std::vector<std::vector<float>> Network::encoder_jacobians(const Batch& batch, uint32_t rows) {
  const Pass pass = this->pass(batch, false, 0, plan_.encoder_needs_categories);
  if (pass.row_category != nullptr) {
    throw Error(NRW_UNSUPPORTED, "the encoder takes the category of each row, which is not differentiated");
  }
  const size_t last = latent_at(), entering = width_at(0), size = plan_.latent().size();
  forward_input(batch, pass, 0);
  const std::vector<float> inputs(activations_[0].data(), activations_[0].data() + size_t{rows} * entering);
  std::vector<std::vector<float>> all;
  const auto copies = static_cast<uint32_t>(std::min<size_t>(size, kCopies));
  const Shape &latent = plan_.latent(), &in = plan_.entering();
  std::vector<float> identity(size), moved(size);
  for (uint32_t r = 0; r < rows; ++r) {
    std::vector<float> jacobian(size * entering);
    forward_copies(copies, inputs.data() + size_t{r} * entering, 0, last);
    for (size_t block = 0; block < size; block += copies) {
      const auto some = static_cast<uint32_t>(std::min<size_t>(copies, size - block));
      std::fill_n(d_[0].data(), size_t{copies} * size, 0.0f);
      for (uint32_t i = 0; i < some; ++i) {
        const size_t l = block + i, places = latent.places(), channels = latent.channels();
        d_[0][i * size + l % places * channels + l / places] = 1;
      }
      const float* const d = backward_copies(copies, 0, last);
      for (uint32_t i = 0; i < some; ++i) {
        float* const to = jacobian.data() + (block + i) * entering;
        if (input_ != nullptr || in.one_order()) {
          std::copy_n(d + i * entering, entering, to);
        } else {
          to_channels_first(in, d + i * entering, to);
        }
      }
    }
    all.push_back(std::move(jacobian));
  }
  zero_gradients();
  return all;
}

void Model::decoder_jacobian(const float* latent, const uint32_t* chosen, uint32_t count, float* out,
                             uint64_t capacity) {
  const FlushToZero mode;
  Network& net = network();
  check_columns(chosen, count);
  const uint64_t wanted = uint64_t{count} * net.plan().latent().size();
  if (wanted > capacity) {
    throw Error(NRW_INVALID_ARGUMENT,
                format("out: %llu values do not fit into %llu floats", static_cast<unsigned long long>(wanted),
                       static_cast<unsigned long long>(capacity)));
  }
  net.decoder_jacobian(latent, chosen, count, out);
}

// Of a claimed first layer, W a row at a time: as it is saved, rows that are behind caught up.
uint64_t Model::encoder_jacobians(BatchSource& source, float* out, uint64_t capacity) {
  const FlushToZero mode;
  Network& net = network();
  const uint64_t latent = net.plan().latent().size(), columns = net.plan().columns;
  return for_each_row(source, latent * columns, out, capacity, [&](const Batch& batch, uint64_t count, float* to) {
    const auto jacobians = net.encoder_jacobians(batch, static_cast<uint32_t>(count));
    if (!net.plan().input_claimed()) {
      for (size_t r = 0; r < count; ++r) std::copy_n(jacobians[r].data(), latent * columns, to + r * latent * columns);
      return;
    }
    std::fill_n(to, count * latent * columns, 0.0f);
    const std::vector<Tensor> tensors = net.saved();
    const Tensor& weight = tensors.front();
    const size_t units = weight.first_dimension();
    std::vector<float> row(columns);
    for (size_t k = 0; k < units; ++k) {
      read_rows(net.pool(), weight, k, 1, reinterpret_cast<uint8_t*>(row.data()));
      for_blocks(net.pool(), columns, 4096, 2 * count * latent * columns, [&](size_t first, size_t some) {
        for (size_t i = 0; i < count * latent; ++i) {
          const float factor = jacobians[i / latent][i % latent * units + k];
          float* const sums = to + i * columns;
          for (size_t c = first; c < first + some; ++c) sums[c] += factor * row[c];
        }
      });
    }
  });
}

}  // namespace nrw
