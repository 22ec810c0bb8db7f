// The first layer's weight and the state of its update as tensors, where rows may be behind (layers/missed_steps.h):
//   weight               as it is after all steps, worked out as it is read; writing it first catches up the rows
//   weight.raw           as it lies in memory, like the moments (exp_avg ...)
//   weight.last_step     u32, a value a column: the last step that updated its row, unless a later one updated all rows
//   weight.missed_rates  f64: the last step that updated all rows, the learning rates of the steps since, then -1
// So a save changes nothing, and what is read back goes on with the same bits.
#pragma once

#include <vector>

#include "base/thread_pool.h"
#include "layers/sparse_input.h"
#include "model/tensors.h"

namespace nrw {

// plain: the weight as it lies in memory. The rows refer to the arguments.
std::shared_ptr<TensorRows> caught_up_rows(const Tensor& plain, SparseInput& input, ColumnWeights& w, ThreadPool& pool);

// The other three, named after `plain`, all of them NRW_ROLE_OPTIMIZER.
std::vector<Tensor> missed_tensors(const Tensor& plain, SparseInput& input);

}  // namespace nrw
