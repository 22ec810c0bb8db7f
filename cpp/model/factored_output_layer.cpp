#include "model/factored_output_layer.h"

#include <cstring>

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
      layer_.factored_.weights(static_cast<uint32_t>(first), static_cast<uint32_t>(rows), bias_ ? nullptr : to,
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
  StateRows(FactoredOutputLayer& layer, void* data, size_t row_bytes, size_t stride_bytes)
      : layer_(layer), data_(static_cast<uint8_t*>(data)), row_bytes_(row_bytes), stride_bytes_(stride_bytes) {}

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
  const size_t row_bytes_, stride_bytes_;
};

FactoredOutputLayer::FactoredOutputLayer(const Kernels& kernels, ThreadPool& pool, uint32_t columns, uint32_t width,
                                         const FactoredSettings& settings)
    : factored_(columns, width, settings.least_squares, settings.rows, kernels, pool),
      tile_(kernels, pool),
      columns_(columns),
      width_(width) {}

void FactoredOutputLayer::refresh() {
  if (!state_written_) return;
  factored_.restored();
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
    factored_.weights(first, count, rows.data(), plain_bias_.value.data() + first);
    for (uint32_t i = 0; i < count; ++i) {
      std::memcpy(plain_.row(first + i), rows.data() + size_t{i} * width_, width_ * sizeof(float));
    }
  }
  plain_valid_ = true;
}

OutputLayer::Result FactoredOutputLayer::train(const SparseBatch& batch, const float* h, double a, float* d_h,
                                               const OptimizerStep&) {
  refresh();
  if (plain_valid_ || plain_written_) {  // no longer what it was: give the memory back
    plain_ = {};
    plain_bias_ = {};
    plain_valid_ = plain_written_ = false;
  }
  return {factored_.train(batch, h, nullptr, a, d_h), 0};
}

double FactoredOutputLayer::evaluate(const SparseBatch& batch, const float* h, double* column_sse) {
  refresh();
  if (column_sse != nullptr) materialise();
  if (plain_valid_ || plain_written_) return tile_.evaluate(batch, h, plain_, plain_bias_, column_sse);
  return factored_.evaluate(batch, h);
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
    for (uint32_t i = 0; i < count; ++i) factored_.weights(chosen[i], 1, few.row(i), bias.value.data() + i);
    tile_.reconstruct(rows, h, few, bias, nullptr, count, out);
    return;
  }
  materialise();
  tile_.reconstruct(rows, h, plain_, plain_bias_, chosen, count, out);
}

std::vector<Tensor> FactoredOutputLayer::more_tensors() {
  const auto tensor = [](const char* name, uint32_t role, uint32_t dimensions, size_t rows, size_t columns,
                         uint32_t type, std::shared_ptr<TensorRows> computed) {
    Tensor t;
    t.name = name;
    t.role = role;
    t.dimensions = dimensions;
    t.view.rows = rows;
    t.view.columns = columns;
    t.computed_type = type;
    t.computed = std::move(computed);
    return t;
  };
  const size_t p = factored_.size(), wide = factored_.stride() * sizeof(double);
  const auto square = [&](const char* name, AlignedBuffer<double>& matrix) {
    return tensor(name, NRW_ROLE_OPTIMIZER, 2, p, p, NRW_F64,
                  std::make_shared<StateRows>(*this, matrix.data(), p * sizeof(double), wide));
  };
  ColumnWeights& v = factored_.v();
  std::vector<Tensor> all;
  all.push_back(
      tensor("weight", NRW_ROLE_PARAMETER, 2, columns_, width_, NRW_F32, std::make_shared<PlainRows>(*this, false)));
  all.push_back(tensor("bias", NRW_ROLE_PARAMETER, 1, columns_, 1, NRW_F32, std::make_shared<PlainRows>(*this, true)));
  all.push_back(
      tensor("factored.v", NRW_ROLE_OPTIMIZER, 2, columns_, p, NRW_F32,
             std::make_shared<StateRows>(*this, v.value.data(), p * sizeof(float), v.stride * sizeof(float))));
  all.push_back(square("factored.m", factored_.m()));
  all.push_back(square("factored.t", factored_.t()));
  all.push_back(square("factored.basis", factored_.basis()));
  all.push_back(tensor("factored.scalars", NRW_ROLE_OPTIMIZER, 1, FactoredOutput::kScalars, 1, NRW_F64,
                       std::make_shared<StateRows>(*this, factored_.scalars(), sizeof(double), sizeof(double))));
  return all;
}

}  // namespace nrw
