#include "model/tile_output_layer.h"

namespace nrw {

namespace {
OutputLayer::Result result(const TileOutput::Result& tile) { return {tile.loss, tile.sum_squares}; }
}  // namespace

TileOutputLayer::TileOutputLayer(const Kernels& kernels, ThreadPool& pool, Loss& loss, uint32_t columns, uint32_t width,
                                 bool bias, int moments, ColumnParameter* tied, const Bf16Kernels* bf16)
    : tile_(kernels, pool, loss, bf16),
      tied_(tied != nullptr),
      heads_(loss.heads()),
      own_(tied_ ? ColumnParameter() : ColumnParameter(columns * loss.heads(), width, moments)),
      weight_(tied_ ? *tied : own_) {
  if (!bias) return;
  const size_t size = columns * heads_;
  bias_.value = AlignedBuffer<float>(size);
  if (moments > 0) bias_.moment1 = AlignedBuffer<float>(size);
  if (moments > 1) bias_.moment2 = AlignedBuffer<float>(size);
}

OutputLayer::Result TileOutputLayer::train(const Batch& batch, const float* h, double a, float* d_h,
                                           const OptimizerStep& step) {
  return result(tile_.train(batch, h, a, weight_.weights, bias_, d_h, step));
}

OutputLayer::Result TileOutputLayer::loss_backward(const Batch& batch, const float* h, double a, float* d_h,
                                                   bool want_norm) {
  return result(tile_.loss_backward(batch, h, a, weight_.weights, bias_, d_h, want_norm));
}

double TileOutputLayer::gradient_sum_squares(const Batch& batch, const float* h, double a, const float* d_input) {
  return tile_.gradient_sum_squares(batch, h, a, weight_.weights, bias_, TiedInput{d_input});
}

double TileOutputLayer::update(const Batch& batch, const float* h, double a, const float* d_input,
                               const OptimizerStep& step) {
  return tile_.update(batch, h, a, weight_.weights, bias_, TiedInput{d_input}, step);
}

void TileOutputLayer::add_gradient(const Batch& batch, const float* h, double a) {
  weight_.want_gradient();
  if (bias_gradient_.size() == 0) bias_gradient_ = AlignedBuffer<float>(bias_.value.size());
  float* const d_bias = bias_gradient_.size() == 0 ? nullptr : bias_gradient_.data();
  tile_.add_gradient(batch, h, a, weight_.weights, bias_, weight_.gradient.data(), d_bias);
}

void TileOutputLayer::zero_gradients() noexcept {
  weight_.gradient.zero();
  bias_gradient_.zero();
}

void TileOutputLayer::drop_gradients() noexcept {
  weight_.gradient = {};
  bias_gradient_ = {};
}

OutputLayer::Evaluation TileOutputLayer::evaluate(const Batch& batch, const float* h, double* column_sse) {
  const TileOutput::Result sums = tile_.evaluate(batch, h, weight_.weights, bias_, column_sse);
  return {sums.loss, sums.unweighted, sums.squared_error};
}

OutputLayer::PlainWeights TileOutputLayer::plain_weights(bool) {
  return {&weight_.weights, bias_.value.size() == 0 ? nullptr : bias_.value.data()};
}

void TileOutputLayer::reconstruct(uint32_t rows, const float* h, const uint32_t* chosen, uint32_t count, float* out) {
  tile_.reconstruct(rows, h, weight_.weights, bias_, chosen, count, out);
}

std::vector<TrainedTensor> TileOutputLayer::tensors() {
  std::vector<TrainedTensor> all;
  ColumnWeights& w = weight_.weights;
  if (!tied_) {
    all.push_back({"weight",
                   {w.columns, w.width},
                   FloatView::output_weight(w, w.value, heads_),
                   FloatView::output_weight(w, w.moment1, heads_),
                   FloatView::output_weight(w, w.moment2, heads_),
                   FloatView::output_weight(w, weight_.gradient, heads_)});
  }
  if (const size_t size = bias_.value.size(); size != 0) {
    all.push_back({"bias",
                   {static_cast<uint32_t>(size)},
                   FloatView::vector(bias_.value.data(), size, heads_),
                   FloatView::vector(bias_.moment1.data(), size, heads_),
                   FloatView::vector(bias_.moment2.data(), size, heads_),
                   FloatView::vector(bias_gradient_.data(), size, heads_)});
  }
  return all;
}

}  // namespace nrw
