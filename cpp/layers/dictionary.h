// The decoder of a sparse autoencoder: y = x W + c with x (rows x units), W (units x out: a direction of length 1 for
// each unit), c (out). The gradient to W has no part along the directions, and after each update they have length 1
// again (Bricken et al. 2023, "Towards monosemanticity"; Gao et al. 2024).
//
// Directly behind a sparse_code whose inputs are as many as its outputs, it takes the code of few values as such, c is
// subtracted from the code's input, and the code's W starts as this one. The loss of training then has one more term
// (Gao et al. 2024): aux_weight |e - e'|^2 for each row, where e is the input less y, of which no gradient is taken,
// and e' what the aux_k largest dead units of the row make: z' W.
#pragma once

#include "layers/sparse_code.h"

namespace nrw {

extern const LayerType dictionary_type;

class Dictionary final : public Layer {
 public:
  explicit Dictionary(const LayerContext& context);

  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  bool take_code(Layer& before) override;
  void decode(const Pass& pass, float* y) noexcept override;
  void backward_to_code(const Pass& pass, const float* d_y) noexcept override;
  double penalty() const noexcept override { return penalty_; }
  void started() noexcept override;
  void commit() noexcept override;
  void update_within(const OptimizerStep* step) noexcept override;
  double squares_within() const noexcept override { return squares_; }
  std::vector<Parameter*> parameters() override;

 private:
  void normalise(size_t unit) noexcept;
  void normalise_all() noexcept;
  void bias_gradient(size_t rows, const float* d_y) noexcept;
  void aux_term(const Pass& pass, const float* y) noexcept;
  void value_gradients(RowCode& code, const float* d_y) noexcept;
  // Takes the part along the direction from a unit's gradient (out) and adds the rest, or updates by it: its sum of
  // squares then, else 0.
  double use_gradient(size_t unit, float* gradient) noexcept;
  void update(size_t unit, const float* gradient) noexcept;  // NULL: a gradient of zero

  Products& products_;
  const SparseKernels& sparse_;
  const size_t units_, out_;
  const bool has_bias_;
  Parameter weight_, bias_;
  SparseCode* before_ = nullptr;
  bool has_aux_ = false;  // of the last decode
  double penalty_ = 0;
  UnitCode by_unit_, aux_by_unit_;
  OptimizerStep step_;  // of the update within the backward pass
  double squares_ = 0;
  size_t entries_ = 0;                     // of a worker's list
  AlignedBuffer<uint32_t> list_;           // threads x entries
  AlignedBuffer<float> values_;            // likewise
  AlignedBuffer<float> space_;             // threads x (a packed panel of W, or a row of it)
  AlignedBuffer<float> d_aux_;             // rows x out: the gradient to e'
  AlignedBuffer<double> partial_;          // of the aux term by block of rows
  AlignedBuffer<double> squares_by_task_;  // of gradients by block of units
};

}  // namespace nrw
