// The sparse input layer against plain double arithmetic, on every kernel table of this machine.
#include <algorithm>
#include <tuple>

#include "check.h"
#include "column_oracle.h"

using namespace nrw;
using namespace nrw::oracle;

namespace {

struct Sizes {
  uint32_t rows, columns, width;
  double density;
};
// Around the lane widths and block sizes; one column; no entry at all; several ranges of columns and several parts;
// from 32 rows on, columns that most rows have and others.
const Sizes kShapes[] = {{5, 40, 7, 0.3},    {1, 1, 1, 1},       {3, 1, 17, 0.9},     {4, 300, 16, 0.0},
                         {33, 600, 33, 0.5}, {9, 257, 129, 0.4}, {70, 1000, 20, 0.3}, {2, 5000, 3, 0.001}};

template <class Body>
void on_every_table(Body&& body) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  CHECK(count > 0);
  for (size_t i = 0; i < count; ++i) body(*tables[i]);
}

Matrix oracle_gradient(const SparseBatch& batch, const Matrix& d_y, size_t width) {
  return product(batch.columns, width, batch.rows, dense(batch, batch.inputs()), 1, batch.columns, d_y);
}

// X X^T of the batch's inputs (rows x rows).
Matrix gram_of_inputs(const SparseBatch& batch) {
  const Matrix x = dense(batch, batch.inputs());
  Matrix gram(size_t{batch.rows} * batch.rows);
  for (size_t i = 0; i < batch.rows; ++i) {
    for (size_t k = 0; k < batch.rows; ++k) {
      for (size_t j = 0; j < batch.columns; ++j) {
        gram[i * batch.rows + k] += x[i * batch.columns + j] * x[k * batch.columns + j];
      }
    }
  }
  return gram;
}

// Steps of every optimizer with rows and density of a batch.
std::vector<std::tuple<OptimizerStep, uint32_t, double>> update_cases() {
  std::vector<std::tuple<OptimizerStep, uint32_t, double>> cases;
  for (const OptimizerStep& step : optimizer_steps()) {
    cases.push_back({step, 9, 0.1});
    cases.push_back({step, 37, 0.4});
  }
  return cases;
}

}  // namespace

TEST(sparse_input_forward) {
  on_every_table([](const Kernels& kernels) {
    for (const Sizes& shape : kShapes) {
      for (const bool masked : {false, true}) {
        ThreadPool pool(2);
        SparseInput layer(kernels, pool);
        const SparseBatch batch = make_batch(shape.rows, shape.columns, shape.density, masked, 7);
        ColumnWeights w = make_weights(shape.columns, shape.width, 0);
        const std::vector<float> bias = make_dense(shape.width, 10);
        Matrix expected = product(shape.rows, shape.width, shape.columns, dense(batch, batch.inputs()), shape.columns,
                                  1, plain(w, w.value));
        std::vector<float> y(shape.rows * shape.width, NAN);
        layer.forward(batch, w, nullptr, y.data());
        CHECK(error(expected, y) <= 2e-6);
        for (size_t i = 0; i < expected.size(); ++i) expected[i] += bias[i % shape.width];
        layer.forward(batch, w, bias.data(), y.data());
        CHECK(error(expected, y) <= 2e-6);
      }
    }
  });
}

TEST(sparse_input_gradient) {
  on_every_table([](const Kernels& kernels) {
    for (const Sizes& shape : kShapes) {
      ThreadPool pool(2);
      SparseInput layer(kernels, pool);
      const SparseBatch batch = make_batch(shape.rows, shape.columns, shape.density, true, 5);
      const ColumnWeights w = make_weights(shape.columns, shape.width, 0);
      const std::vector<float> d_y = make_dense(shape.rows * shape.width, 11);
      const Matrix expected = oracle_gradient(batch, Matrix(d_y.begin(), d_y.end()), shape.width);
      AlignedBuffer<float> d_w(w.value.size());
      layer.add_gradient(batch, d_y.data(), w, d_w.data());
      CHECK(error(expected, plain(w, d_w)) <= 2e-6);
      const double squares = sum_squares(expected);
      CHECK_CLOSE(layer.gradient_sum_squares(batch, d_y.data(), w), squares, 1e-5 * squares);
      layer.add_gradient(batch, d_y.data(), w, d_w.data());  // adds
      Matrix twice = expected;
      for (double& element : twice) element *= 2;
      CHECK(error(twice, plain(w, d_w)) <= 2e-6);
    }
  });
}

// The oracle's gradient is the derivative of its forward pass: sum(d_y . y) by central differences in one weight.
TEST(sparse_input_numeric_gradient) {
  const SparseBatch batch = make_batch(6, 30, 0.4, true, 5);
  const std::vector<float> d_y_float = make_dense(6 * 4, 11);
  const Matrix d_y(d_y_float.begin(), d_y_float.end()), x = dense(batch, batch.inputs());
  const ColumnWeights w = make_weights(30, 4, 0);
  const auto loss = [&](const Matrix& weights) {
    const Matrix y = product(6, 4, 30, x, 30, 1, weights);
    double sum = 0;
    for (size_t i = 0; i < y.size(); ++i) sum += y[i] * d_y[i];
    return sum;
  };
  const Matrix gradient = oracle_gradient(batch, d_y, 4), weights = plain(w, w.value);
  for (size_t at = 0; at < weights.size(); ++at) {
    Matrix up = weights, down = weights;
    up[at] += 1e-3;
    down[at] -= 1e-3;
    CHECK_CLOSE((loss(up) - loss(down)) / 2e-3, gradient[at], 1e-9);
  }
}

TEST(sparse_input_updates) {
  on_every_table([](const Kernels& kernels) {
    for (const auto& [step, rows, density] : update_cases()) {
      ThreadPool pool(3);
      SparseInput layer(kernels, pool);
      const uint32_t columns = 520, width = 21;
      const SparseBatch batch = make_batch(rows, columns, density, true, 3);
      const std::vector<float> d_y = make_dense(rows * width, 11);
      ColumnWeights w = make_weights(columns, width, step.moments());
      Matrix value = plain(w, w.value), s1 = plain(w, w.moment1), s2 = plain(w, w.moment2);
      const Matrix gradient = oracle_gradient(batch, Matrix(d_y.begin(), d_y.end()), width);
      double unused = 0;
      for (size_t i = 0; i < value.size(); ++i) {
        update(step, gradient[i], value[i], s1.empty() ? unused : s1[i], s2.empty() ? unused : s2[i]);
      }
      const double squares = layer.backward_update(batch, d_y.data(), w, step);
      CHECK_CLOSE(squares, sum_squares(gradient), 1e-5 * squares);
      CHECK(error(value, plain(w, w.value)) <= 2e-6);
      CHECK(s1.empty() || error(s1, plain(w, w.moment1)) <= 2e-6);
      CHECK(s2.empty() || error(s2, plain(w, w.moment2)) <= 2e-6);
      bool padding = true;
      for (size_t at = 0; at < w.value.size(); ++at) padding = padding && (at % w.stride < width || w.value[at] == 0);
      CHECK(padding);
    }
  });
}

TEST(sparse_input_same_bits_with_any_threads) {
  on_every_table([](const Kernels& kernels) {
    const OptimizerStep step = optimizer_steps()[4];
    const SparseBatch batch = make_batch(64, 2000, 0.35, false, 7);
    CHECK(FullColumns::any(batch));
    const uint32_t width = 40;
    const std::vector<float> d_y = make_dense(64 * width, 11);
    std::vector<float> first_y;
    ColumnWeights first_w;
    double first_squares = 0;
    for (const unsigned threads : {1u, 2u, 3u, 4u}) {
      ThreadPool pool(threads);
      SparseInput layer(kernels, pool);
      ColumnWeights w = make_weights(2000, width, 2);
      std::vector<float> y(64 * width);
      layer.forward(batch, w, nullptr, y.data());
      const double squares = layer.backward_update(batch, d_y.data(), w, step);
      if (threads == 1) {
        first_y = y;
        first_w = std::move(w);
        first_squares = squares;
        continue;
      }
      CHECK(same_bits(first_y, y));
      CHECK(same_bits(first_w.value, w.value) && same_bits(first_w.moment2, w.moment2));
      CHECK(first_squares == squares);
    }
  });
}

namespace {

// An update that waits for the next forward pass, flushed in between or not, is the update made at once. Some 101 steps
// into a run: rows are left behind.
void check_waiting_updates(const std::vector<SparseBatch>& batches, uint32_t width) {
  constexpr uint32_t first_step = 101, steps = 7;
  const uint32_t rows = batches[0].rows, columns = batches[0].columns;
  std::vector<Matrix> grams;
  for (const SparseBatch& batch : batches) grams.push_back(gram_of_inputs(batch));
  uint32_t left_behind = 0;
  on_every_table([&](const Kernels& kernels) {
    for (const OptimizerStep& settings : optimizer_steps()) {
      for (const bool lazy : {false, true}) {
        struct Way {
          unsigned threads;
          bool waits;
          uint32_t flushed;  // after every so many steps; 0: never
          bool gram = false;
        };
        std::vector<float> expected_y;
        std::vector<double> expected_squares;
        ColumnWeights expected;
        for (const Way& way :
             {Way{2, false, 0}, Way{1, true, 0}, Way{3, true, 2}, Way{2, true, 1}, Way{2, true, 0, true}}) {
          ThreadPool pool(way.threads);
          SparseInput layer(kernels, pool);
          if (way.waits) layer.let_updates_wait();
          if (lazy) {
            layer.only_touched();
          } else {
            layer.leave_behind(settings, columns);
          }
          ColumnWeights w = make_weights(columns, width, settings.moments());
          std::vector<float> ys;
          std::vector<double> all_squares;
          for (uint32_t t = first_step; t < first_step + steps; ++t) {
            OptimizerStep step = settings;
            step.step = t;
            step.gradient_scale = t % 2 == 0 ? 0.5f : 1;
            const SparseBatch& batch = batches[t % batches.size()];
            const std::vector<float> d_y = make_dense(rows * width, t);
            std::vector<float> y(rows * width);
            layer.forward(batch, w, nullptr, y.data());
            ys.insert(ys.end(), y.begin(), y.end());
            const double* const gram = way.gram ? grams[t % grams.size()].data() : nullptr;
            all_squares.push_back(layer.backward_update(batch, d_y.data(), w, step, true, gram));
            left_behind += layer.missed().any();
            if (way.flushed != 0 && t % way.flushed == 0) layer.flush(w);
          }
          layer.catch_up(w);
          if (!way.waits) {
            expected_y = ys;
            expected = std::move(w);
            expected_squares = all_squares;
            continue;
          }
          CHECK(same_bits(expected_y, ys));
          CHECK(same_bits(expected.value, w.value));
          CHECK(same_bits(expected.moment1, w.moment1) && same_bits(expected.moment2, w.moment2));
          for (uint32_t i = 0; i < steps; ++i) {
            CHECK_CLOSE(all_squares[i], expected_squares[i], 1e-6 * expected_squares[i]);
          }
        }
      }
    }
  });
  CHECK(left_behind > 0);
}

}  // namespace

TEST(sparse_input_waiting_updates_same_bits) {
  std::vector<SparseBatch> batches;  // few and more columns, all of them, masked
  for (const double density : {0.03, 0.05, 0.2, 0.04}) {
    batches.push_back(make_batch(16, 6000, density, density == 0.05, density == 0.04 ? 3 : 0));
    CHECK(SparseNorm::cheap(batches.back(), 140));
  }
  check_waiting_updates(batches, 140);
}

// Columns that most samples have, and a Gram matrix without which no update would wait.
TEST(sparse_input_waiting_updates_of_full_columns_same_bits) {
  std::vector<SparseBatch> batches;
  for (const double density : {0.42, 0.38, 0.5, 0.4}) {
    batches.push_back(make_batch(40, 700, density, density == 0.38, density == 0.4 ? 3 : 0));
    CHECK(FullColumns::any(batches.back()) && !SparseNorm::cheap(batches.back(), 48));
  }
  check_waiting_updates(batches, 48);
}

// The norm from pairs of entries against the gradient itself, with columns of one entry and of all.
TEST(sparse_norm_is_that_of_the_gradient) {
  on_every_table([](const Kernels& kernels) {
    for (const Sizes& shape : kShapes) {
      std::vector<double> seen;
      for (const unsigned threads : {1u, 3u}) {
        ThreadPool pool(threads);
        SparseNorm norm(kernels, pool);
        const SparseBatch batch = make_batch(shape.rows, shape.columns, shape.density, true, 5);
        const std::vector<float> d_y = make_dense(shape.rows * shape.width, 11);
        const Matrix gradient = oracle_gradient(batch, Matrix(d_y.begin(), d_y.end()), shape.width);
        const double squares = sum_squares(gradient);
        seen.push_back(norm.sum_squares(batch, d_y.data(), shape.width));
        CHECK_CLOSE(seen.back(), squares, 1e-6 * squares);
        seen.push_back(norm.sum_squares(batch, d_y.data(), shape.width, gram_of_inputs(batch).data()));
        CHECK_CLOSE(seen.back(), squares, 1e-6 * squares);
      }
      CHECK(seen[0] == seen[2] && seen[1] == seen[3]);
    }
  });
}

TEST(sparse_input_empty_batch) {
  ThreadPool pool(2);
  SparseInput layer(kernels(), pool);
  SparseBatch batch;
  batch.columns = 50;
  for (const OptimizerStep& step : optimizer_steps()) {
    ColumnWeights w = make_weights(50, 8, step.moments());
    layer.forward(batch, w, nullptr, nullptr);
    Matrix value = plain(w, w.value), s1 = plain(w, w.moment1), s2 = plain(w, w.moment2);
    double unused = 0;
    for (size_t i = 0; i < value.size(); ++i) {
      update(step, 0, value[i], s1.empty() ? unused : s1[i], s2.empty() ? unused : s2[i]);
    }
    CHECK(layer.backward_update(batch, nullptr, w, step) == 0);
    CHECK(error(value, plain(w, w.value)) <= 2e-6);
  }
}

TEST(sparse_input_needs_the_optimizers_moments) {
  ThreadPool pool(1);
  SparseInput layer(kernels(), pool);
  const SparseBatch batch = make_batch(2, 10, 0.5, false);
  ColumnWeights w = make_weights(10, 4, 1);
  const std::vector<float> d_y(8, 1.0f);
  CHECK_THROWS(layer.backward_update(batch, d_y.data(), w, optimizer_steps()[4]), NRW_INTERNAL);
}
