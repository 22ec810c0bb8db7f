// A discrete code (van den Oord, Vinyals, Kavukcuoglu 2017, "Neural discrete representation learning"): the channels of
// each place are a vector z (a flat row is one vector), and y is the nearest vector e of a codebook (codes x channels):
//
//   y = e_k, k = argmin_j |z - e_j|^2, of equal ones the first
//
// The gradient to y goes to z as it is (straight through). The penalty is commitment * |z - e_k|^2, summed over
// vectors, whose gradient goes to z alone. The codebook follows the vectors in one of two ways:
//
//   gradient  |z - e_k|^2 is added to the penalty, whose gradient goes to e_k alone; the optimizer trains the codebook
//   ema       (their appendix) with running sums: N_k <- decay N_k + (1 - decay) n_k and S_k <- decay S_k + (1 - decay)
//             sum z over the n_k vectors of the batch whose nearest code is k; e_k = S_k / N_k. The first batch counts
//             whole. A code with N_k below `restart` times an equal share of a batch becomes a vector of the batch that
//             is drawn at random, with an equal share (Dhariwal et al. 2020), so the first batch also gives the start.
//
// What is drawn is a function of (seed, layer, step, code). The running sums move when the step's update is made. Kept
// for the backward pass: the number of each vector's code.
#pragma once

#include "layers/layer_type.h"
#include "layers/products.h"

namespace nrw {

extern const LayerType vector_quantised_type;

// The sum of the squared differences of n values.
template <class T>
double squared_distance(size_t n, const T* z, const T* e) noexcept {
  double sum = 0;
  for (size_t j = 0; j < n; ++j) sum += (static_cast<double>(z[j]) - e[j]) * (static_cast<double>(z[j]) - e[j]);
  return sum;
}

// d_z = d_y and the gradient of weight * |z - e|^2 to z.
template <class T>
void straight_through(size_t n, T weight, const T* z, const T* e, const T* d_y, T* d_z) noexcept {
  for (size_t j = 0; j < n; ++j) d_z[j] = d_y[j] + 2 * weight * (z[j] - e[j]);
}

// d_e += the gradient to e of weight times the sum of |z - e|^2 over `count` vectors z whose sum is `sum`.
template <class T>
void code_gradient(size_t n, T weight, T count, const T* sum, const T* e, T* d_e) noexcept {
  for (size_t j = 0; j < n; ++j) d_e[j] += 2 * weight * (count * e[j] - sum[j]);
}

class VectorQuantised final : public Layer {
 public:
  explicit VectorQuantised(const LayerContext& context);

  void reserve(uint32_t rows) override;
  void forward(const Pass& pass, const float* x, float* y) noexcept override;
  void backward(const Pass& pass, const float* x, const float* d_y, float* d_x) noexcept override;
  double penalty() const noexcept override { return penalty_; }
  void commit() noexcept override;
  std::vector<Parameter*> parameters() override;
  std::vector<Buffer*> buffers() override;

 private:
  const float* code(size_t k) const noexcept { return codebook() + k * width_; }
  const float* codebook() const noexcept { return by_gradient_ ? trained_.value.data() : running_.value.data(); }
  void choose(const Pass& pass, size_t vectors, const float* x) noexcept;
  void sum_up(const Pass& pass, size_t vectors, const float* x) noexcept;
  void draw_restarts(const Pass& pass, const float* x) noexcept;

  Products& products_;
  const size_t codes_, width_, places_;
  const double commitment_;
  const bool by_gradient_;
  const double decay_, restart_;
  const uint64_t seed_;
  const uint32_t layer_;
  Parameter trained_;                                     // the codebook: gradient
  Buffer running_, counts_, sums_, num_batches_tracked_;  // the codebook, N and S: ema
  AlignedBuffer<float> products_of_;                      // vectors x codes: z e_j
  AlignedBuffer<float> norms_;                            // codes: |e_j|^2
  AlignedBuffer<uint32_t> chosen_;                        // vectors
  AlignedBuffer<float> batch_counts_, batch_sums_;        // codes, codes x width: of the last training batch
  AlignedBuffer<float> drawn_;                            // codes x width: what a code becomes where it restarts
  AlignedBuffer<double> partial_;                         // squared distances, one sum a task
  size_t batch_vectors_ = 0;
  double penalty_ = 0;
};

}  // namespace nrw
