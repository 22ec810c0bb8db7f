// The loops in evaluation mode.
#include <algorithm>
#include <chrono>

#include "base/float_mode.h"
#include "base/status.h"
#include "layers/products.h"
#include "model/model.h"

namespace nrw {

namespace {

// The terms of all targets of a batch: sums of some columns each, added in order.
FitTerms fit_terms(const Loss& loss, const Batch& batch, ThreadPool& pool, AlignedBuffer<double>& partial) {
  constexpr size_t kColumns = 64;
  const size_t columns = batch.stored_columns(), tasks = (columns + kColumns - 1) / kColumns;
  partial.reserve(2 * tasks);
  run_tasks(pool, tasks, 32 * batch.nnz(), [&](size_t task, unsigned) {
    FitTerms sums;
    for (size_t k = task * kColumns; k < std::min(columns, (task + 1) * kColumns); ++k) {
      const StoredColumn stored = batch.stored(k);
      const FitTerms one = loss.fit_terms(stored.column, stored.count, stored.target);
      sums.perfect += one.perfect;
      sums.constant += one.constant;
    }
    partial[2 * task] = sums.perfect;
    partial[2 * task + 1] = sums.constant;
  });
  FitTerms all;
  for (size_t task = 0; task < tasks; ++task) {
    all.perfect += partial[2 * task];
    all.constant += partial[2 * task + 1];
  }
  return all;
}

}  // namespace

void Model::require_running() const {
  if (stop) throw Error(NRW_STOPPED, "stopped before all batches were seen");
}

void Model::check_columns(const uint32_t* chosen, uint32_t& count) const {
  if (chosen == nullptr) count = plan_.columns;
  if (count == 0) throw Error(NRW_INVALID_ARGUMENT, "columns: at least one is needed");
  for (uint32_t i = 0; chosen != nullptr && i < count; ++i) {
    if (chosen[i] >= plan_.columns) {
      throw Error(NRW_INVALID_ARGUMENT, format("columns[%u]: must be below %u, got %u", i, plan_.columns, chosen[i]));
    }
  }
}

EvaluateResult Model::evaluate(BatchSource& source, const ColumnSums& by_column) {
  const FlushToZero mode;
  Network& net = network();
  const auto start = std::chrono::steady_clock::now();
  EvaluateResult result;
  double loss = 0;
  AlignedBuffer<double> partial;
  const bool fits = plan_.loss.type->likelihood && by_column.sum != nullptr;
  const uint64_t done = source.position();
  progress.done = 0;
  progress.batches = static_cast<double>(source.total() - done);
  for (;;) {
    require_running();
    const Batch* const batch = source.next();
    if (batch == nullptr) break;
    const Network::Evaluation sums = net.evaluate(*batch, by_column.squared_error);
    loss += net.factor(batch->rows) * (sums.loss + sums.penalties) * batch->rows;
    result.squared_error += sums.squared_error;
    result.loss_sum += sums.unweighted;
    double weight = 0;
    for (size_t i = 0; batch->weighted && i < batch->rows; ++i) weight += static_cast<double>(batch->row_weight[i]);
    result.weight += batch->weighted ? weight : batch->rows;
    if (fits) {
      const FitTerms terms = fit_terms(net.loss(), *batch, net.pool(), partial);
      result.fit.perfect += terms.perfect;
      result.fit.constant += terms.constant;
    }
    result.rows += batch->rows;
    result.nnz += batch->nnz();
    for (size_t t = 0; t < batch->stored_columns(); ++t) {
      const auto [column, count, values, rows] = batch->stored(t);
      double sum = 0, sum_squares = 0;
      for (size_t k = 0; k < count; ++k) {
        const double y = static_cast<double>(values[k]);
        sum += y;
        sum_squares += y * y;
      }
      result.sum += sum;
      result.sum_squares += sum_squares;
      if (by_column.sum != nullptr) by_column.sum[column] += sum;
      if (by_column.sum_squares != nullptr) by_column.sum_squares[column] += sum_squares;
    }
    progress.done = static_cast<double>(source.position() - done);
  }
  if (result.rows != 0) result.loss = loss / result.weight;  // no number where no row counts
  result.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return result;
}

void Model::begin_refit() {
  const FlushToZero mode;
  network().begin_refit();
}

void Model::refit(BatchSource& source, bool held_out) {
  const FlushToZero mode;
  Network& net = network();
  const uint64_t done = source.position();
  progress.done = 0;
  progress.batches = static_cast<double>(source.total() - done);
  for (;;) {
    const Batch* const batch = source.next();
    if (batch == nullptr) break;
    net.refit(*batch, held_out);
    progress.done = static_cast<double>(source.position() - done);
  }
}

void Model::end_refit() {
  const FlushToZero mode;
  network().end_refit();
}

bool Model::begin_evaluation(double rows, double nnz, bool by_column) {
  const FlushToZero mode;
  return network().begin_evaluation(rows, nnz, by_column);
}

Model::Deferred Model::end_evaluation(double* column_sse) {
  const FlushToZero mode;
  const double squared_error = network().end_evaluation(column_sse);
  return {squared_error, network().factor(1) * squared_error};  // a batch's factor times its rows is that of one row
}

void Model::code_sums(double* sums, uint64_t capacity) {
  const std::span<const double> all = network().code_sums();
  if (all.size() > capacity) {
    throw Error(NRW_INVALID_ARGUMENT,
                format("sums: %llu values do not fit into %llu doubles", static_cast<unsigned long long>(all.size()),
                       static_cast<unsigned long long>(capacity)));
  }
  std::copy(all.begin(), all.end(), sums);
}

double Model::mean_loss(double rows, const double* column_sum) {
  const Loss& loss = network().loss();
  double sum = 0;
  for (uint32_t column = 0; column < plan_.columns; ++column) sum += loss.mean_loss(column, rows, column_sum[column]);
  return sum;
}

uint64_t Model::embed(BatchSource& source, float* out, uint64_t capacity) {
  const FlushToZero mode;
  Network& net = network();
  const uint64_t latent = net.plan().latent().size();
  return for_each_row(source, latent, out, capacity, [&](const Batch& batch, uint64_t count, float* to) {
    std::copy_n(net.embed(batch), count * latent, to);
  });
}

uint64_t Model::reconstruct(BatchSource& source, const uint32_t* chosen, uint32_t count, float* out,
                            uint64_t capacity) {
  const FlushToZero mode;
  Network& net = network();
  check_columns(chosen, count);
  return for_each_row(source, count, out, capacity, [&](const Batch& batch, uint64_t rows, float* to) {
    net.reconstruct(batch, static_cast<uint32_t>(rows), chosen, count, to);
  });
}

void Model::decode(const float* latent, uint32_t rows, const uint32_t* chosen, uint32_t count, float* out,
                   uint64_t capacity) {
  const FlushToZero mode;
  Network& net = network();
  check_columns(chosen, count);
  if (uint64_t{rows} * count > capacity) {
    throw Error(NRW_INVALID_ARGUMENT, format("out: %u rows of %u columns do not fit into %llu floats", rows, count,
                                             static_cast<unsigned long long>(capacity)));
  }
  if (rows != 0) net.decode(rows, latent, chosen, count, out);
}

}  // namespace nrw
