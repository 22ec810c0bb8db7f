// Principal components of rows that come in batches, by subspace iteration from a random start (Halko, Martinsson,
// Tropp, "Finding structure with randomness", SIAM Review 2011, algorithm 4.4). Rows are centred implicitly, so that
// sparse rows stay sparse; each pass over them costs two products of the stored values with a basis of the components
// sought and a few more.
//
//   pass 0      the mean m of the rows
//   each next   B = (X - 1 m') Q, T = B' B, G = X' B = (X - 1 m')' B, since B's columns sum to 0
//   between     Q = an orthonormal basis of G - a Q with a shift a, which converges faster (Cholesky QR, twice)
//   at the end  T = U L U': the components are the columns of Q U, their variances L / (rows - 1)
//
// The bits depend on the rows, their order, the size of the batches and the seed, not on the threads.
#pragma once

#include <algorithm>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/batch.h"
#include "base/thread_pool.h"
#include "kernels/f64/f64.h"
#include "kernels/kernels.h"
#include "layers/products.h"

namespace nrw {

class Pca {
 public:
  // components: those sought; more: columns of the basis beyond them. Both together are at most the columns.
  Pca(uint32_t columns, uint32_t components, uint32_t more, uint64_t seed, unsigned threads);

  uint32_t columns() const noexcept { return columns_; }
  uint32_t components() const noexcept { return components_; }

  void add(const Batch& batch);  // of the present pass, the targets
  void next_pass();              // all rows of the present pass are added
  // After a pass that is not the first: mean (columns), components (components x columns), falling variances
  // (components). A component beyond the rank of the rows is 0. Each one's largest value is positive.
  void result(float* mean, float* components, double* variances);
  // Means over the rows of the sums of a row's absolute values and of its squares. After the first pass.
  double mean_absolute() const noexcept { return absolute_ / std::max(1.0, static_cast<double>(rows_)); }
  double mean_square() const noexcept { return square_ / std::max(1.0, static_cast<double>(rows_)); }

 private:
  void add_to_mean(const Batch& batch);
  void add_sparse(const SparseBatch& batch);
  void add_dense(const DenseBatch& batch);
  void add_to_gram(uint32_t rows);
  void shift();
  void start();
  bool orthonormalise(float* basis);
  void add_squares(const float* rows, size_t count, double* sum);
  template <class Last>
  void multiply(const float* rows, size_t count, const double* m, size_t outputs, Last&& last, float* to);
  size_t room() const noexcept;  // values of a block of rows in double precision
  void place_mean();             // m' Q

  const uint32_t columns_, components_;
  const size_t width_;  // of the basis
  const uint64_t seed_;
  ThreadPool pool_;
  const Kernels& kernels_;
  const DoubleKernels& doubles_;
  Products products_;

  size_t pass_ = 0;
  uint64_t rows_ = 0;
  double shift_ = 0;
  double absolute_ = 0, square_ = 0;  // sums over all values
  std::vector<double> mean_;          // columns: sums in pass 0
  AlignedBuffer<float> q_, g_;        // columns x width
  AlignedBuffer<float> b_;            // rows of a batch x width
  std::vector<float> offset_;         // width: m' Q
  std::vector<double> t_;             // width x width
  AlignedBuffer<double> parts_;       // of a sum of squares: width x width each
  AlignedBuffer<double> rooms_;       // two for each thread
};

}  // namespace nrw
