#include <algorithm>

#include "kernels/kernels.h"
#include "layers/column_errors.h"
#include "layers/dense_input.h"
#include "layers/factored_sgd.h"
#include "layers/full_columns.h"
#include "layers/missed_steps.h"
#include "layers/rows_at_rest.h"
#include "model/column_parameter.h"
#include "model/plain_output.h"
#include "model/plan.h"

namespace nrw {

namespace {

// The bytes of one allocation.
double allocation(Estimate& e, double floats) {
  e.largest = std::max(e.largest, floats * 4);
  return floats * 4;
}

void input_workspace(const Plan& plan, const OptimizerSettings& optimizer, unsigned threads, uint32_t batch_rows,
                     double nnz_per_row, Estimate& e) {
  const auto bytes = [&](double floats) { return allocation(e, floats); };
  const double m = batch_rows, columns = plan.columns, in = plan.first().outputs();
  const bool shared = plan.output_claimed() && plan.last().tied();
  const double stride = static_cast<double>(ColumnParameter::stride_of(plan.first().outputs()));
  if (plan.dense) {
    const double d_y = static_cast<double>(Products::packed_size(batch_rows, plan.first().outputs()));
    e.workspace += bytes(static_cast<double>(DenseInput::packed_size(plan.columns, plan.first().outputs())));
    e.workspace += bytes(static_cast<double>(
        DenseInput::strip_size(batch_rows, plan.first().outputs(), static_cast<size_t>(stride), threads)));
    if (shared) e.workspace += bytes(d_y);
  } else {
    const double parts = std::clamp(9 * m * nnz_per_row / std::max(2048.0, 32 * m), 1.0, 16.0);
    e.workspace += bytes(std::min(parts * m * in, std::max(m * in, 0x1.0p24))) + bytes(parts * m);
    e.workspace += 2 * bytes(threads * std::max(stride, 128.0)) + 2 * bytes(m * nnz_per_row);
    const double full = static_cast<double>(FullColumns::floats(batch_rows, plan.first().outputs()));
    e.workspace += 2 * bytes(threads * full) + bytes(m * (in + kPanel));
    if (!shared && RowsAtRest::possible(optimizer_step(optimizer, 0, 1))) e.workspace += columns;
    if (!shared && batch_rows <= 256) {
      e.workspace += 2 * bytes(m * nnz_per_row) + 2 * bytes(std::min(columns, m * nnz_per_row)) + bytes(m * in) +
                     bytes(16 * m * m);
    }
    if (optimizer.sparse == SparseUpdate::kExact && !shared &&
        MissedSteps::has_closed_form(optimizer_step(optimizer, 0, 1))) {
      e.optimizer += bytes(columns);
      e.workspace += bytes(threads * std::max(0x1.0p18, 16 * stride)) + bytes(parts * m);
    }
  }
}

void output_workspace(const Plan& plan, unsigned threads, uint32_t batch_rows, Estimate& e) {
  const auto bytes = [&](double floats) { return allocation(e, floats); };
  const double m = batch_rows, out = plan.last().inputs();
  const auto to_panel = [](double n) { return static_cast<double>(Products::packed_size(1, static_cast<size_t>(n))); };
  e.workspace += bytes(to_panel(m) * out) + bytes(to_panel(out) * m);
  e.workspace += bytes(std::min(32 * m * out, std::max(8 * m * out, 0x1.0p23)));
  const double tile = std::min(384.0, std::max(48.0, 640.0 * 1024 / 4 / (2 * out + m)));
  e.workspace += bytes(threads * (tile * (m + 48 + to_panel(out)) + 48 * (out + 16)));
  if (!plan.dense) {
    e.workspace += static_cast<double>(ColumnErrors::bytes(plan.columns, plan.last().inputs(), batch_rows, threads));
  }
}

}  // namespace

// Floats unless it says bytes; m rows, stride(w) = w rounded up to 16.
//   parameters   columns * stride(first width), columns * stride(last width) unless tied, and the dense values
//   optimizer    the same for each moment
//   gradients    of the dense layers only: those of the first and last layer exist a tile at a time
//   activations  m * outputs of every layer but the last, what layers keep besides, and two gradients of the widest
//   products     the packed operands of every dense layer
//   sparse input at most 16 partial sums of m * width, at most 2^24 floats together, a cursor each, a row a thread; a
//                place and a value an entry; for columns that most samples have, two workspaces a thread and d_y
//                packed; with rows left behind a step a column, and for the rows caught up 2^18 floats a thread; for an
//                update that waits a batch by column and m * width, for its norm 8 m * m doubles
//   dense input  weights of at most 4,096 columns and d_y as packed operands, 48 rows of gradient a thread
//   tile output  two packed copies of h; at most 32 partial d_h, of 2^23 floats together where 8 do not take more; a
//                thread's tile: at most 384 columns with its residual, its packed weights and 48 rows of gradient
//   errors       by column, as a sum and as moments of h: what layers/column_errors.h takes
// Those of the input and the tiles are upper bounds of what layers/sparse_input.cpp and layers/tile_output.cpp take.
Estimate estimate(const Plan& plan, const OptimizerSettings& optimizer, unsigned threads, uint32_t batch_rows,
                  double nnz_per_row) {
  Estimate e;
  const auto bytes = [&](double floats) { return allocation(e, floats); };
  const double moments = optimizer_step(optimizer, 0, 1).moments();
  const double m = batch_rows, columns = plan.columns;
  const auto trained = [&](double floats, bool dense) {
    e.parameters += bytes(floats);
    e.optimizer += moments * bytes(floats);
    if (dense) e.workspace += bytes(floats);
  };

  for (const PlannedLayer& layer : plan.layers) {
    double values = 0, column_values = 0;  // of all tensors; of the weight that has a row a data column
    for (const TensorSpec& tensor : layer.tensors()) {
      (tensor.sizes.size() == 1 ? values : column_values) += static_cast<double>(tensor.size());
    }
    const auto strided = [&](uint32_t width, double heads = 1) {
      return column_values == 0 ? 0 : heads * columns * static_cast<double>(ColumnParameter::stride_of(width));
    };
    switch (layer.solver) {
      case Solver::kSparseInput:
      case Solver::kDenseInput:
        trained(strided(layer.outputs()), false);
        trained(values, true);
        e.workspace += bytes(m * layer.outputs());
        break;
      case Solver::kTileOutput:
        trained(strided(layer.inputs(), plan.loss.type->heads(plan.loss.settings)), false);
        trained(values, false);
        break;
      case Solver::kFactoredOutput: {
        const uint32_t inputs = layer.inputs();
        const double p = inputs + 1.0, ld = static_cast<double>(FactoredOutput::stride_of(inputs));
        e.optimizer += bytes(columns * ld) + 2 * bytes(3 * p * ld);
        // The plain weights: made for the error by column at the end, and for a file's reconstruction of all columns.
        e.parameters += bytes(strided(inputs)) + bytes(columns);
        e.workspace += static_cast<double>(plan.factored.sgd ? FactoredSgd::workspace_bytes(inputs, batch_rows)
                                                             : FactoredOutput::workspace_bytes(inputs, batch_rows));
        break;
      }
      case Solver::kPlain:
        trained(values + column_values, true);
        e.workspace += static_cast<double>(
            layer.spec.type->workspace(layer.spec.settings, layer.input, layer.output, batch_rows, threads));
        e.workspace += bytes(m * layer.outputs());
        break;
    }
  }
  for (const TensorSpec& tensor : plan.loss.type->tensors(plan.loss.settings, plan.shape)) {
    trained(static_cast<double>(tensor.size()), true);
  }
  e.workspace += 2 * bytes(m * static_cast<double>(plan.widest));
  e.count = static_cast<double>(plan.parameters());
  if (!plan.input_claimed()) e.workspace += bytes(m * columns);
  if (!plan.output_claimed()) {
    const auto loss = plan.loss.type->make({kernels(), plan.loss.settings, plan.shape, 0});
    e.workspace += static_cast<double>(
        PlainOutput::workspace(*loss, plan.columns, plan.last().output.size(), batch_rows, threads));
  }
  if (plan.input_claimed()) input_workspace(plan, optimizer, threads, batch_rows, nnz_per_row, e);
  if (plan.output_claimed()) output_workspace(plan, threads, batch_rows, e);
  return e;
}

}  // namespace nrw
