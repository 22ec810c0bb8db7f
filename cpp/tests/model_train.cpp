// The training loop, its log, and the loops in evaluation mode.
#include <unistd.h>

#include <cstdio>
#include <limits>
#include <string>

#include "check.h"
#include "memory_source.h"
#include "model/model.h"
#include "network_text.h"

using namespace nrw;
using namespace nrw::check;

namespace {

constexpr uint32_t kColumns = 30;

// A file of this process that is gone afterwards.
struct TemporaryFile {
  std::string path = format("/tmp/narrows_test_%d.csv", static_cast<int>(getpid()));
  TemporaryFile() { std::remove(path.c_str()); }
  ~TemporaryFile() { std::remove(path.c_str()); }
  std::string text() const {
    std::string all;
    if (FILE* file = std::fopen(path.c_str(), "r")) {
      char buffer[4096];
      for (size_t got; (got = std::fread(buffer, 1, sizeof buffer, file)) != 0;) all.append(buffer, got);
      std::fclose(file);
    }
    return all;
  }
  void append(const char* what) const {
    FILE* file = std::fopen(path.c_str(), "a");
    std::fputs(what, file);
    std::fclose(file);
  }
  // The first field of each row.
  std::vector<int> steps() const {
    std::vector<int> all;
    const std::string lines = text();
    for (size_t at = lines.find('\n') + 1; at < lines.size(); at = lines.find('\n', at) + 1) {
      all.push_back(std::stoi(lines.substr(at)));
    }
    return all;
  }
};

std::unique_ptr<Model> make_model(const std::string& reduction = "mean", uint32_t flags = 0) {
  auto model = std::make_unique<Model>(model_spec(
      network_text(kColumns, {linear(5)}, {layer("relu"), linear(kColumns, flags)}, false,
                   format("\"seed\": \"3\", \"threads\": 2, \"loss\": {\"kind\": \"mse\", \"reduction\": \"%s\"}",
                          reduction.c_str()))));
  model->build();
  return model;
}

TrainResult train(Model& model, MemorySource& source, size_t steps) {
  TrainResult result;
  std::vector<double> losses(steps, -1);
  result.losses = losses.data();
  model.train(source, std::vector<double>(steps, 0.01), 1, 2, result);
  for (size_t i = 0; i < steps; ++i) CHECK((losses[i] >= 0) == (i < result.steps));
  if (result.steps > 0) CHECK(losses[result.steps - 1] == result.last_loss);
  return result;
}

}  // namespace

TEST(train_counts_rows_steps_and_what_is_left) {
  auto model = make_model();
  MemorySource source = MemorySource::random(50, kColumns, 0.2, 8);  // 6 batches of 8, one of 2
  TrainResult result = train(*model, source, 3);
  CHECK(result.steps == 3 && result.rows == 24 && result.batches_left == 4 && model->step == 3);
  CHECK(result.nnz == source.batch(0).nnz() + source.batch(1).nnz() + source.batch(2).nnz());
  CHECK(result.largest_loss >= result.loss_sum / 24 && result.last_loss > 0);
  CHECK(result.largest_gradient_norm >= result.last_gradient_norm && result.last_gradient_norm > 0);
  CHECK(result.compute_ms >= result.forward_ms && result.forward_ms > 0);
  result = train(*model, source, 100);
  CHECK(result.steps == 4 && result.rows == 26 && result.batches_left == 0);
  CHECK(model->progress.step == 7 && model->progress.done == 4 && model->progress.batches == 4);
  model->stop = true;
  source.rewind();
  CHECK(train(*model, source, 100).steps == 0);
  CHECK_THROWS(model->evaluate(source, {}), NRW_STOPPED);
  model->stop = false;
  CHECK(train(*model, source, 1).steps == 1);
  TrainResult none;
  CHECK_THROWS(model->train(source, std::vector<double>{-1}, 0, 0, none), NRW_INVALID_ARGUMENT);
}

TEST(train_in_parts_gives_the_bits_of_the_whole) {
  auto whole = make_model(), parts = make_model();
  MemorySource source = MemorySource::random(50, kColumns, 0.2, 8);
  train(*whole, source, 7);
  source.rewind();
  for (int i = 0; i < 7; ++i) train(*parts, source, 1);
  const auto a = whole->tensors(), b = parts->tensors();
  for (size_t i = 0; i < a.size(); ++i) {
    const size_t rows = a[i].first_dimension(), bytes = rows * a[i].row_bytes();
    std::vector<uint8_t> x(bytes), y(bytes);
    whole->read(a[i], 0, rows, x.data(), bytes);
    parts->read(b[i], 0, rows, y.data(), bytes);
    CHECK(x == y && bytes != 0);
  }
}

TEST(train_names_step_and_batch_of_a_loss_that_is_not_finite) {
  auto model = make_model();
  MemorySource source = MemorySource::random(24, kColumns, 0.2, 8);
  source.batch(2).csc_target[0] = std::numeric_limits<float>::quiet_NaN();
  TrainResult result;
  try {
    model->train(source, std::vector<double>(9, 0.01), 0, 0, result);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == NRW_NON_FINITE);
    CHECK(std::string(error.what()).rfind("step 3, batch 2: ", 0) == 0);
  }
  CHECK(result.steps == 2 && model->step == 2 && std::isfinite(result.last_loss));
}

TEST(steps_csv_has_each_step_once) {
  const TemporaryFile file;
  auto model = make_model();
  MemorySource source = MemorySource::random(80, kColumns, 0.2, 8);
  model->log.open(file.path, 0, 1, 100);
  train(*model, source, 3);
  const std::string text = file.text();
  CHECK(text.rfind("step,epoch,chunk,batch,rows,loss,learning_rate,grad_norm,samples_per_second,wait_ms,step_ms,"
                   "elapsed_s\n1,1,2,0,8,",
                   0) == 0);
  CHECK(text.find(",0.01,") != std::string::npos && text.find(",100.0") != std::string::npos);
  model->log.close();

  file.append("4,1,2,3,8,0.1");  // torn off by a kill
  model->step = 2;               // resumed from a checkpoint before the log's end
  model->log.open(file.path, 3, 1, 0);
  train(*model, source, 4);  // steps 3 to 6
  model->log.sync();
  CHECK(file.steps() == (std::vector<int>{1, 2, 3, 4, 5, 6}));
}

TEST(steps_csv_the_first_step_and_every_few_however_calls_are_cut) {
  const TemporaryFile file;
  auto model = make_model();
  MemorySource source = MemorySource::random(80, kColumns, 0.2, 8);
  model->log.open(file.path, 0, 3, 0);
  train(*model, source, 4);
  train(*model, source, 2);
  train(*model, source, 1);
  CHECK(file.steps() == (std::vector<int>{1, 3, 6}));
}

TEST(steps_csv_errors_are_told) {
  auto model = make_model();
  CHECK_THROWS(model->log.open("/nowhere/steps.csv", 0, 1, 0), NRW_IO);
  CHECK(!model->log.is_open());
  CHECK_THROWS(model->log.open("/dev/full", 0, 1, 0), NRW_IO);
  CHECK(!model->log.is_open());
  MemorySource source = MemorySource::random(16, kColumns, 0.2, 8);
  CHECK(train(*model, source, 2).steps == 2);  // trains on without a log
}

TEST(evaluation_with_sums_at_the_end_agrees_with_the_one_by_batches) {
  for (const std::string reduction : {"mean", "row_mean", "sum"}) {
    for (const uint32_t solver : {0u, uint32_t{kFactored}}) {
      auto model = make_model(reduction, solver);
      MemorySource source = MemorySource::random(19, kColumns, 0.3, 8);
      train(*model, source, 3);
      const auto evaluate = [&](std::vector<double>& sse) {
        std::vector<double> sum(kColumns), sumsq(kColumns);
        source.rewind();
        return model->evaluate(source, {sse.data(), sum.data(), sumsq.data()});
      };
      std::vector<double> direct(kColumns), deferred(kColumns);
      const EvaluateResult by_batch = evaluate(direct);
      CHECK(model->begin_evaluation(1e6, 0, true) == (reduction != "sum"));
      const EvaluateResult at_once = evaluate(deferred);
      CHECK(at_once.squared_error == 0 || reduction == "sum");
      const Model::Deferred rest = model->end_evaluation(deferred.data());
      CHECK_CLOSE((at_once.squared_error + rest.squared_error) / by_batch.squared_error, 1, 1e-6);
      CHECK_CLOSE((at_once.loss + rest.loss_rows / 19) / by_batch.loss, 1, 1e-6);
      for (size_t j = 0; j < kColumns; ++j) CHECK_CLOSE(deferred[j], direct[j], 1e-6 * by_batch.squared_error);

      model->begin_evaluation(1e6, 0, true);
      source.rewind();
      train(*model, source, 1);  // other weights: nothing is left out any more
      std::vector<double> after(kColumns);
      CHECK(evaluate(after).squared_error > 0);
      CHECK(model->end_evaluation(nullptr).squared_error == 0);
    }
  }
}

TEST(evaluate_agrees_with_the_reconstruction) {
  for (const std::string reduction : {"mean", "row_mean", "sum"}) {
    auto model = make_model(reduction);
    const uint32_t rows = 19;
    MemorySource source = MemorySource::random(rows, kColumns, 0.3, 8);
    std::vector<double> sse(kColumns), sum(kColumns), sumsq(kColumns);
    const EvaluateResult result = model->evaluate(source, {sse.data(), sum.data(), sumsq.data()});
    source.rewind();
    std::vector<float> out(rows * kColumns);
    CHECK(model->reconstruct(source, nullptr, 0, out.data(), out.size()) == rows);
    double total = 0, total_sum = 0, total_sumsq = 0, batch_sums = 0;
    std::vector<double> by_column(kColumns);
    for (uint32_t b = 0, r = 0; b < 3; ++b) {
      const SparseBatch& batch = source.batch(b);
      double batch_sse = 0;
      for (uint32_t i = 0; i < batch.rows; ++i, ++r) {
        std::vector<double> y(kColumns, 0);
        for (uint32_t k = batch.row_ptr[i]; k < batch.row_ptr[i + 1]; ++k) y[batch.column[k]] = batch.target[k];
        for (uint32_t c = 0; c < kColumns; ++c) {
          const double d = out[r * kColumns + c] - y[c];
          batch_sse += d * d;
          by_column[c] += d * d;
          total_sum += y[c];
          total_sumsq += y[c] * y[c];
        }
      }
      total += batch_sse;
      batch_sums += batch_sse * batch.rows;
    }
    const double mean = reduction == "mean"       ? total / rows / kColumns
                        : reduction == "row_mean" ? total / rows
                                                  : batch_sums / rows;
    CHECK(result.rows == rows && result.nnz > 0);
    CHECK_CLOSE(result.squared_error, total, 1e-5 * total);
    CHECK_CLOSE(result.loss, mean, 1e-5 * mean);
    CHECK_CLOSE(result.sum, total_sum, 1e-9 * total_sum);
    CHECK_CLOSE(result.sum_squares, total_sumsq, 1e-9 * total_sumsq);
    for (uint32_t c = 0; c < kColumns; ++c) CHECK_CLOSE(sse[c], by_column[c], 1e-5 * (1 + by_column[c]));
  }
}

TEST(embed_fills_what_fits) {
  auto model = make_model();
  MemorySource source = MemorySource::random(19, kColumns, 0.3, 8);
  std::vector<float> all(19 * 5), some(11 * 5 + 4, -7);
  CHECK(model->embed(source, all.data(), all.size()) == 19);
  source.rewind();
  CHECK(model->embed(source, some.data(), some.size()) == 11);
  CHECK(std::equal(some.begin(), some.begin() + 55, all.begin()));
  CHECK(some[55] == -7);
  CHECK(source.position() == 2);
  const uint32_t bad = kColumns;
  CHECK_THROWS(model->decode(all.data(), 1, &bad, 1, some.data(), 10), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(model->decode(all.data(), 2, nullptr, 0, some.data(), 59), NRW_INVALID_ARGUMENT);
}

TEST(model_shape_is_fixed_by_build) {
  auto model = make_model();
  CHECK_THROWS(model->build(), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(model->build(), NRW_INVALID_ARGUMENT);
  Model empty(model_spec(network_text(4, {linear(2)}, {linear(4)})));
  CHECK_THROWS(empty.tensors(), NRW_INVALID_ARGUMENT);
  MemorySource other = MemorySource::random(4, kColumns + 1, 0.3, 4);
  CHECK_THROWS(train(*model, other, 1), NRW_INVALID_ARGUMENT);
}
