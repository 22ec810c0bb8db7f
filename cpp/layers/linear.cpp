#include "layers/linear.h"

namespace nrw {

Linear::Linear(Products& products, uint32_t in, uint32_t out, bool bias, Linear* mirrored)
    : products_(products), in_(in), out_(out), mirrored_(mirrored), has_bias_(bias) {
  weight_.name = "weight";
  weight_.rows = out;
  weight_.columns = in;
  bias_.name = "bias";
  bias_.rows = out;
}

std::vector<Parameter*> Linear::parameters() {
  std::vector<Parameter*> all;
  if (mirrored_ == nullptr) all.push_back(&weight_);
  if (has_bias_) all.push_back(&bias_);
  return all;
}

size_t Linear::workspace(uint32_t rows, uint32_t in, uint32_t out) noexcept {
  return std::max(
      {Products::packed_size(in, out), Products::packed_size(out, in), Products::packed_size(rows, std::max(in, out))});
}

void Linear::reserve(uint32_t rows) { products_.reserve(1, workspace(rows, in_, out_)); }

MatrixView Linear::weight() const noexcept {
  if (mirrored_ != nullptr) return MatrixView{mirrored_->weight_.value.data(), out_, 1}.transposed();
  return {weight_.value.data(), in_, 1};
}

void Linear::forward(const Pass& pass, const float* x, float* y) noexcept {
  products_.multiply(pass.rows, out_, in_, {x, in_, 1}, weight().transposed(), y, false);
  if (has_bias_) products_.add_to_rows(pass.rows, out_, bias_.value.data(), y);
}

// d_x = d_y W; d_W += d_y^T x; d_b += column sums of d_y. A tied layer's share of the encoder's gradient is x^T d_y.
void Linear::backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept {
  const uint32_t rows = pass.rows;
  const MatrixView input{x, in_, 1}, d_output{d_y, out_, 1};
  if (mirrored_ != nullptr) {
    float* const d_weight = mirrored_->weight_.gradient.data();
    products_.multiply(in_, out_, rows, input.transposed(), d_output, d_weight, true);
  } else {
    products_.multiply(out_, in_, rows, d_output.transposed(), input, weight_.gradient.data(), true);
  }
  if (has_bias_) products_.add_column_sums(rows, out_, d_y, bias_.gradient.data());
  products_.multiply(rows, in_, out_, d_output, weight(), d_x, false);
}

}  // namespace nrw
