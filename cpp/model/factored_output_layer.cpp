#include "model/factored_output_layer.h"

#include <cstring>

#include "layers/factored_output.h"
#include "layers/factored_sgd.h"
#include "model/column_parameter.h"

namespace nrw {

// Rows of the product W (columns x width) or of its last column, the bias.
class FactoredOutputLayer::PlainRows final : public TensorRows {
 public:
  PlainRows(FactoredOutputLayer& layer, bool bias) : layer_(layer), bias_(bias) {}

  void read(size_t first, size_t rows, uint8_t* out) override {
    layer_.refresh();
    float* const to = reinterpret_cast<float*>(out);
    if (!layer_.plain_written_ && !layer_.plain_valid_) {
      layer_.rule_->weights(static_cast<uint32_t>(first), static_cast<uint32_t>(rows), bias_ ? nullptr : to,
                            bias_ ? to : nullptr);
      return;
    }
    if (bias_) {
      std::memcpy(to, layer_.plain_bias_.value.data() + first, rows * sizeof(float));
      return;
    }
    for (size_t i = 0; i < rows; ++i) {
      std::memcpy(to + i * layer_.width_, layer_.plain_.row(first + i), layer_.width_ * sizeof(float));
    }
  }

  void write(size_t first, size_t rows, const uint8_t* in) override {
    layer_.allocate_plain();
    layer_.plain_written_ = true;
    const float* const from = reinterpret_cast<const float*>(in);
    if (bias_) {
      std::memcpy(layer_.plain_bias_.value.data() + first, from, rows * sizeof(float));
      return;
    }
    for (size_t i = 0; i < rows; ++i) {
      std::memcpy(layer_.plain_.row(first + i), from + i * layer_.width_, layer_.width_ * sizeof(float));
    }
  }

 private:
  FactoredOutputLayer& layer_;
  const bool bias_;
};

// Rows of an array of the state.
class FactoredOutputLayer::StateRows final : public TensorRows {
 public:
  StateRows(FactoredOutputLayer& layer, void* data, size_t rows, size_t row_bytes, size_t stride_bytes)
      : layer_(layer),
        data_(static_cast<uint8_t*>(data)),
        rows_(rows),
        row_bytes_(row_bytes),
        stride_bytes_(stride_bytes) {}

  Memory memory() noexcept override {
    if (rows_ == 0) return {};
    return {data_, (rows_ - 1) * stride_bytes_ + row_bytes_};
  }
  void written() noexcept override { layer_.state_written_ = true; }

  void read(size_t first, size_t rows, uint8_t* out) override {
    for (size_t i = 0; i < rows; ++i) {
      std::memcpy(out + i * row_bytes_, data_ + (first + i) * stride_bytes_, row_bytes_);
    }
  }
  void write(size_t first, size_t rows, const uint8_t* in) override {
    layer_.state_written_ = true;
    for (size_t i = 0; i < rows; ++i) {
      std::memcpy(data_ + (first + i) * stride_bytes_, in + i * row_bytes_, row_bytes_);
    }
  }

 private:
  FactoredOutputLayer& layer_;
  uint8_t* const data_;
  const size_t rows_, row_bytes_, stride_bytes_;
};

FactoredOutputLayer::FactoredOutputLayer(const Kernels& kernels, ThreadPool& pool, Loss& loss, uint32_t columns,
                                         uint32_t width, const FactoredSettings& settings)
    : tile_(kernels, pool, loss), columns_(columns), width_(width) {
  if (settings.sgd) {
    rule_ = std::make_unique<FactoredSgd>(columns, width, settings.weight_decay, kernels, pool);
  } else {
    rule_ = std::make_unique<FactoredOutput>(columns, width, settings.least_squares, settings.rows, kernels, pool);
  }
}

void FactoredOutputLayer::refresh() {
  if (!state_written_) return;
  rule_->restored();
  state_written_ = plain_written_ = plain_valid_ = false;
}

void FactoredOutputLayer::allocate_plain() {
  if (plain_.value.size() != 0) return;
  plain_.columns = columns_;
  plain_.width = width_;
  plain_.stride = ColumnParameter::stride_of(width_);
  plain_.value = AlignedBuffer<float>(columns_ * plain_.stride);
  plain_bias_.value = AlignedBuffer<float>(columns_);
}

void FactoredOutputLayer::materialise() {
  refresh();
  if (plain_written_ || plain_valid_) return;
  allocate_plain();
  constexpr uint32_t kRows = 256;
  AlignedBuffer<float> rows(size_t{kRows} * width_);
  for (uint32_t first = 0; first < columns_; first += kRows) {
    const uint32_t count = columns_ - first < kRows ? columns_ - first : kRows;
    rule_->weights(first, count, rows.data(), plain_bias_.value.data() + first);
    for (uint32_t i = 0; i < count; ++i) {
      std::memcpy(plain_.row(first + i), rows.data() + size_t{i} * width_, width_ * sizeof(float));
    }
  }
  plain_valid_ = true;
}

void FactoredOutputLayer::start_from_plain() {
  ColumnWeights* const to = rule_->starting_weights();
  if (to == nullptr) return;
  for (size_t column = 0; column < columns_; ++column) {
    std::memcpy(to->row(column), plain_.row(column), width_ * sizeof(float));
    to->row(column)[width_] = plain_bias_.value[column];
  }
  rule_->started();
}

std::vector<TrainedTensor> FactoredOutputLayer::starting_tensors() {
  ColumnWeights* const w = rule_->starting_weights();
  if (w == nullptr) return {};
  TrainedTensor weight, bias;
  weight.name = "weight";
  weight.value = {w->value.data(), columns_, width_, w->stride, 1};
  bias.name = "bias";
  bias.value = {w->value.data() + width_, columns_, 1, w->stride, 1};
  return {weight, bias};
}

// They are no longer what they were: their memory is given back.
void FactoredOutputLayer::drop_plain() noexcept {
  if (!plain_valid_ && !plain_written_) return;
  plain_ = {};
  plain_bias_ = {};
  plain_valid_ = plain_written_ = false;
}

FactoredRule* FactoredOutputLayer::refitted() {
  if (!rule_->refits()) return nullptr;
  state_written_ = false;  // what was written is forgotten, too
  drop_plain();
  return rule_.get();
}

OutputLayer::Result FactoredOutputLayer::train(const Batch& batch, const float* h, double a, float* d_h,
                                               const OptimizerStep& step) {
  refresh();
  if (plain_written_) start_from_plain();
  drop_plain();
  rule_->set_learning_rate(static_cast<double>(step.learning_rate));
  const double loss = rule_->train(batch.sparse(), h, batch.row_weights(), a, d_h);
  return {loss, 0, rule_->target_gram()};
}

OutputLayer::Evaluation FactoredOutputLayer::evaluate(const Batch& batch, const float* h, double* column_sse) {
  refresh();
  if (column_sse != nullptr) materialise();
  if (plain_valid_ || plain_written_) {
    const TileOutput::Result sums = tile_.evaluate(batch, h, plain_, plain_bias_, column_sse);
    return {sums.loss, sums.unweighted, sums.squared_error};
  }
  const auto [weighted, alike] = rule_->evaluate(batch.sparse(), h, batch.row_weights());
  return {weighted, alike, alike};
}

OutputLayer::PlainWeights FactoredOutputLayer::plain_weights(bool make) {
  refresh();
  if (make) materialise();
  if (!plain_valid_ && !plain_written_) return {};
  return {&plain_, plain_bias_.value.data()};
}

void FactoredOutputLayer::reconstruct(uint32_t rows, const float* h, const uint32_t* chosen, uint32_t count,
                                      float* out) {
  refresh();
  if (chosen != nullptr && !plain_valid_ && !plain_written_) {  // only the rows that are asked for
    ColumnWeights few;
    few.columns = count;
    few.width = width_;
    few.stride = ColumnParameter::stride_of(width_);
    few.value = AlignedBuffer<float>(count * few.stride);
    ColumnBias bias;
    bias.value = AlignedBuffer<float>(count);
    for (uint32_t i = 0; i < count; ++i) rule_->weights(chosen[i], 1, few.row(i), bias.value.data() + i);
    tile_.reconstruct(rows, h, few, bias, nullptr, count, out);
    return;
  }
  materialise();
  tile_.reconstruct(rows, h, plain_, plain_bias_, chosen, count, out);
}

std::vector<Tensor> FactoredOutputLayer::more_tensors() {
  const auto tensor = [](std::string name, uint32_t role, std::vector<uint32_t> sizes, uint32_t type,
                         std::shared_ptr<TensorRows> computed) {
    Tensor t;
    t.name = std::move(name);
    t.role = role;
    t.view.rows = sizes[0];
    t.view.columns = sizes.size() == 1 ? 1 : sizes[1];
    t.sizes = std::move(sizes);
    t.computed_type = type;
    t.computed = std::move(computed);
    return t;
  };
  std::vector<Tensor> all;
  all.push_back(
      tensor("weight", NRW_ROLE_PARAMETER, {columns_, width_}, NRW_F32, std::make_shared<PlainRows>(*this, false)));
  all.back().derived = true;
  all.push_back(tensor("bias", NRW_ROLE_PARAMETER, {columns_}, NRW_F32, std::make_shared<PlainRows>(*this, true)));
  all.back().derived = true;
  for (const FactoredRule::StateArray& array : rule_->state()) {
    const bool f64 = array.f64 != nullptr;
    const size_t size = f64 ? sizeof(double) : sizeof(float);
    void* const data = f64 ? static_cast<void*>(array.f64) : array.f32;
    std::vector<uint32_t> sizes{static_cast<uint32_t>(array.rows)};
    if (array.columns != 1) sizes.push_back(static_cast<uint32_t>(array.columns));
    all.push_back(
        tensor(format("factored.%s", array.name), NRW_ROLE_OPTIMIZER, std::move(sizes), f64 ? NRW_F64 : NRW_F32,
               std::make_shared<StateRows>(*this, data, array.rows, array.columns * size, array.stride * size)));
  }
  return all;
}

}  // namespace nrw
