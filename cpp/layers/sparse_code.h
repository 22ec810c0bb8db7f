// The code of a sparse autoencoder: z is relu(W x + b) at its k largest values of a row, else 0 (Gao et al. 2024,
// "Scaling and evaluating sparse autoencoders"). x (rows x in), W (units x in) and b (units) as in PyTorch's nn.Linear.
// Where a dictionary stands behind it, x is x - c with the dictionary's bias c.
//
// Product and selection are one (layers/code_selection.h). The gradient to W and b is summed over the values that are
// not 0 alone. For each unit it is counted how many rows have passed in training since it was last above 0: a unit is
// dead from `dead_after` rows on.
#pragma once

#include "kernels/sparse.h"
#include "layers/code_selection.h"
#include "layers/layer_type.h"

namespace nrw {

extern const LayerType sparse_code_type;

class SparseCode final : public Layer {
 public:
  explicit SparseCode(const LayerContext& context);

  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  void make_code(const Pass& pass, const float* x) noexcept override;
  void backward_of_code(const Pass& pass, const float* x, float* d_x) noexcept override;
  void commit() noexcept override;
  const RowCode* last_code() const noexcept override { return &code_; }
  void update_within(const OptimizerStep* step) noexcept override;
  double squares_within() const noexcept override { return squares_; }
  std::vector<Parameter*> parameters() override { return {&weight_, &bias_}; }
  std::vector<Buffer*> buffers() override { return {&rows_since_active_}; }

  // For the dictionary behind it, which sets d_value before backward_of_code. centre: its bias c, NULL without one.
  void decoded_with(Parameter* centre) noexcept {
    is_decoded_ = true;
    centre_ = centre;
  }
  size_t code_capacity() const noexcept { return k_; }
  size_t aux_capacity() const noexcept { return is_decoded_ && aux_weight_ > 0 ? aux_k_ : 0; }
  RowCode& code() noexcept { return code_; }
  size_t inputs() const noexcept { return in_; }
  size_t units() const noexcept { return units_; }
  Parameter& weight() noexcept { return weight_; }
  const float* input() const noexcept { return x_; }  // of the last make_code
  double aux_weight() const noexcept { return aux_weight_; }
  // The aux_k largest values of dead units: whether any is dead. Of the last make_code in training.
  bool make_aux_code(const Pass& pass) noexcept;
  RowCode& aux_code() noexcept { return aux_code_; }

 private:
  void gradient_to_inputs(size_t rows, float* d_x) noexcept;

  Products& products_;
  const SparseKernels& sparse_;
  const size_t in_, units_, k_, aux_k_;
  const double aux_weight_, dead_after_;
  Parameter weight_, bias_;
  bool is_decoded_ = false;
  Parameter* centre_ = nullptr;
  Buffer rows_since_active_;  // units
  CodeSelection selection_, aux_selection_;
  RowCode code_, aux_code_;
  UnitCode by_unit_, aux_by_unit_;
  OptimizerStep step_;  // of the update within the backward pass
  double squares_ = 0;
  bool has_aux_ = false;               // aux_code_ is of the last forward pass
  const float* x_ = nullptr;           // of the last forward pass
  const float* centred_ = nullptr;     // x - c of it
  uint32_t pass_rows_ = 0;             // of the last forward pass in training; 0 once they are counted
  AlignedBuffer<float> centred_rows_;  // rows x in
  AlignedBuffer<uint32_t> dead_;       // units
  AlignedBuffer<float> space_;         // threads x in
  AlignedBuffer<double> partial_;      // sums of squares by block of units
  AlignedBuffer<float> sums_;          // blocks of units x in: shares of the gradient to c
};

}  // namespace nrw
