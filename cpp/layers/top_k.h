// Sparse codes by selection: y is x at the largest values, else 0, and the gradient passes there.
//
//   top_k        the k largest values of each row (Makhzani, Frey 2013; Gao et al. 2024)
//   batch_top_k  in training the k * rows largest values of a batch, so that rows may have more or fewer; in evaluation
//                those not below a threshold, so that a row does not depend on its batch (Bussmann, Leask, Nanda 2024).
//                The threshold is a running mean, as batch_norm's, of the smallest value other than 0 that a batch
//                kept.
//
// Of equal values those at lower indices are taken: of the row, and of the rows of a batch one after the other.
// Kept for the backward pass: which values passed.
#pragma once

#include "layers/batch_selection.h"
#include "layers/layer_type.h"
#include "layers/products.h"

namespace nrw {

extern const LayerType top_k_type, batch_top_k_type;

// kept (n): 1 at the k largest of x (n), else 0. k at most n. keys: room for n words. NaN counts as the largest.
void select_largest(size_t n, size_t k, const float* x, uint32_t* keys, uint8_t* kept) noexcept;

class TopK final : public Layer {
 public:
  TopK(const LayerContext& context, bool of_batch);

  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  void commit() noexcept override;
  std::vector<Buffer*> buffers() override;

 private:
  void select(const Pass& pass, const float* x) noexcept;

  Products& products_;
  const size_t width_, k_;
  const bool of_batch_;
  const double momentum_;
  BatchSelection of_a_batch_;
  AlignedBuffer<uint32_t> keys_;            // rows x width, of top_k
  AlignedBuffer<uint8_t> kept_;             // rows x width
  float smallest_ = 0;                      // of the last training batch
  Buffer threshold_, num_batches_tracked_;  // of batch_top_k
};

}  // namespace nrw
