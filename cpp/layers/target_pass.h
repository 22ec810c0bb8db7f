// One pass over a batch's sparse targets Y (m x D) by columns, with a weight V (D x width) that has a row a column:
// what the factored output layers need of Y, reading and writing each touched row of V once.
#pragma once

#include "base/batch.h"
#include "base/thread_pool.h"
#include "kernels/f64/f64.h"
#include "kernels/kernels.h"
#include "kernels/sparse.h"
#include "layers/column_weights.h"
#include "layers/full_columns.h"

namespace nrw {

class TargetPass {
 public:
  TargetPass(const Kernels& kernels, ThreadPool& pool)
      : kernels_(kernels), sparse_(sparse_kernels(kernels)), doubles_(double_kernels()), pool_(pool) {}

  // z (m x v.stride) = scale Y V and k (m x m) = Y Y^T, summed in double over parts of the columns. Then, with update
  // (m x v.stride; NULL for none), V += Y^T update.
  void run(const SparseBatch& batch, ColumnWeights& v, const float* update, double scale, double* z, double* k);

  // Bytes for batches of so many rows, at most.
  static size_t bytes(size_t rows, size_t stride, unsigned threads) noexcept;

 private:
  // Columns of Y that have a value in many rows, as dense vectors of doubles until their products are added to K.
  struct Collected {
    double *columns, *packed;
    size_t count;
  };
  void add_collected(size_t rows, Collected& collected, double* k) const noexcept;
  // What all columns of a part add to.
  struct Part {
    float* z;
    double* k;
    uint32_t* scratch;
    Collected& collected;
    FullColumns& full;
    bool update;
  };
  void add_full(ColumnWeights& v, Part& part) const noexcept;
  void block(const SparseBatch& batch, ColumnWeights& v, size_t first, size_t last, Part& part) const noexcept;

  const Kernels& kernels_;
  const SparseKernels& sparse_;
  const DoubleKernels& doubles_;
  ThreadPool& pool_;
  AlignedBuffer<float> z_parts_;
  AlignedBuffer<double> k_parts_;
  AlignedBuffer<double> collected_;  // a thread's
  AlignedBuffer<float> full_;        // a thread's
  AlignedBuffer<float> packed_update_;
  AlignedBuffer<uint32_t> scratch_;  // a thread's: entries of a block by row
};

}  // namespace nrw
