// Dense rows: the input layer against plain double arithmetic, the output layer against itself on the same rows as
// sparse ones, on every kernel table of this machine.
#include "layers/dense_input.h"

#include <algorithm>

#include "check.h"
#include "column_oracle.h"
#include "dense_form.h"
#include "layers/activation.h"

using namespace nrw;
using namespace nrw::check;
using namespace nrw::oracle;

namespace {

struct Sizes {
  uint32_t rows, columns, width;
};
// Around lane widths, panels, strips, blocks of rows and of packing; one column; more columns than are packed at once.
const Sizes kShapes[] = {{5, 40, 7},    {1, 1, 1},     {3, 1, 17},    {33, 600, 33}, {32, 49, 64},
                         {9, 257, 129}, {70, 100, 20}, {130, 48, 65}, {2, 5000, 3}};

template <class Body>
void on_every_table(Body&& body) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  CHECK(count > 0);
  for (size_t i = 0; i < count; ++i) body(*tables[i]);
}

Matrix oracle_gradient(const SparseBatch& sparse, const std::vector<float>& d_y, size_t width) {
  return product(sparse.columns, width, sparse.rows, dense(sparse, sparse.inputs()), 1, sparse.columns,
                 Matrix(d_y.begin(), d_y.end()));
}

}  // namespace

TEST(dense_input_forward) {
  on_every_table([](const Kernels& kernels) {
    for (const Sizes& shape : kShapes) {
      for (const bool masked : {false, true}) {
        ThreadPool pool(2);
        Products products(kernels, pool);
        DenseInput layer(kernels, pool);
        const SparseBatch sparse = make_batch(shape.rows, shape.columns, 0.8, masked);
        const DenseBatch batch = dense_form(sparse);
        ColumnWeights w = make_weights(shape.columns, shape.width, 0);
        const std::vector<float> bias = make_dense(shape.width, 10);
        Matrix expected = product(shape.rows, shape.width, shape.columns, dense(sparse, sparse.inputs()), shape.columns,
                                  1, plain(w, w.value));
        std::vector<float> y(shape.rows * shape.width, NAN), z = y, plain_z = y;
        layer.forward(batch, w, nullptr, y.data());
        CHECK(error(expected, y) <= 4e-6);
        for (size_t i = 0; i < expected.size(); ++i) expected[i] += bias[i % shape.width];
        ActivationLayer silu(products, shape.width, Activation::kSilu, 0);
        layer.forward(batch, w, bias.data(), y.data(), After{&silu, z.data()});
        CHECK(error(expected, y) <= 4e-6);
        silu.forward({.rows = shape.rows}, y.data(), plain_z.data());
        CHECK(same_bits(z, plain_z));
      }
    }
  });
}

TEST(dense_input_gradient) {
  on_every_table([](const Kernels& kernels) {
    for (const Sizes& shape : kShapes) {
      ThreadPool pool(2);
      DenseInput layer(kernels, pool);
      const SparseBatch sparse = make_batch(shape.rows, shape.columns, 0.8, true);
      const DenseBatch batch = dense_form(sparse);
      const ColumnWeights w = make_weights(shape.columns, shape.width, 0);
      const std::vector<float> d_y = make_dense(shape.rows * shape.width, 11);
      Matrix expected = oracle_gradient(sparse, d_y, shape.width);
      const double squares = oracle::sum_squares(expected);
      CHECK_CLOSE(layer.gradient_sum_squares(batch, d_y.data(), w), squares, 1e-5 * squares);
      AlignedBuffer<float> d_w(w.value.size());
      layer.add_gradient(batch, d_y.data(), w, d_w.data());
      CHECK(error(expected, plain(w, d_w)) <= 4e-6);
      layer.add_gradient(batch, d_y.data(), w, d_w.data());  // adds
      for (double& element : expected) element *= 2;
      CHECK(error(expected, plain(w, d_w)) <= 4e-6);
    }
  });
}

TEST(dense_input_updates) {
  on_every_table([](const Kernels& kernels) {
    for (const OptimizerStep& step : optimizer_steps()) {
      ThreadPool pool(3);
      DenseInput layer(kernels, pool);
      const uint32_t rows = 9, columns = 130, width = 21;
      const SparseBatch sparse = make_batch(rows, columns, 0.9, true);
      const std::vector<float> d_y = make_dense(rows * width, 11);
      ColumnWeights w = make_weights(columns, width, step.moments());
      Matrix value = plain(w, w.value), s1 = plain(w, w.moment1), s2 = plain(w, w.moment2);
      const Matrix gradient = oracle_gradient(sparse, d_y, width);
      double unused = 0;
      for (size_t i = 0; i < value.size(); ++i) {
        oracle::update(step, gradient[i], value[i], s1.empty() ? unused : s1[i], s2.empty() ? unused : s2[i]);
      }
      const double squares = oracle::sum_squares(gradient);
      CHECK_CLOSE(layer.backward_update(dense_form(sparse), d_y.data(), w, step), squares, 1e-5 * squares);
      CHECK(error(value, plain(w, w.value)) <= 1e-5);
      CHECK(s1.empty() || error(s1, plain(w, w.moment1)) <= 1e-5);
      CHECK(s2.empty() || error(s2, plain(w, w.moment2)) <= 1e-5);
    }
  });
}

// A zero that is listed and one that is not are the same: the output layer's bits are those of the sparse batch.
TEST(tile_output_of_dense_targets) {
  on_every_table([](const Kernels& kernels) {
    for (const Sizes& shape : kShapes) {
      for (const double density : {0.5, 1.0}) {
        ThreadPool pool(2);
        SquaredError loss(kernels);
        TileOutput layer(kernels, pool, loss);
        const SparseBatch sparse = make_batch(shape.rows, shape.columns, density, false);
        const DenseBatch batch = dense_form(sparse);
        const std::vector<float> h = make_dense(shape.rows * shape.width, 12);
        const OptimizerStep adam = optimizer_steps()[4];
        std::vector<double> sse[2];
        std::vector<float> d_h[2];
        ColumnWeights w[2];
        TileOutput::Result result[2];
        for (const int form : {0, 1}) {
          w[form] = make_weights(shape.columns, shape.width, 2);
          ColumnBias bias = make_bias(shape.columns, 2);
          sse[form].assign(shape.columns, 0);
          d_h[form].assign(h.size(), NAN);
          const Batch& of = form_of(form != 0, batch, sparse);
          layer.evaluate(of, h.data(), w[form], bias, sse[form].data());
          result[form] = layer.train(of, h.data(), 0.0625, w[form], bias, d_h[form].data(), adam);
        }
        CHECK(result[0].loss > 0 && result[0].loss == result[1].loss);
        CHECK(result[0].sum_squares == result[1].sum_squares);
        CHECK(sse[0] == sse[1]);
        CHECK(same_bits(d_h[0], d_h[1]));
        CHECK(same_bits(w[0].value, w[1].value));
      }
    }
  });
}

TEST(tile_output_of_dense_targets_tied_to_dense_inputs) {
  on_every_table([](const Kernels& kernels) {
    for (const Sizes& shape : kShapes) {
      ThreadPool pool(2);
      SquaredError loss(kernels);
      TileOutput layer(kernels, pool, loss);
      const SparseBatch sparse = make_batch(shape.rows, shape.columns, 0.7, true);
      const std::vector<float> h = make_dense(shape.rows * shape.width, 12), d_y = make_dense(h.size(), 13);
      const OptimizerStep sgd = optimizer_steps()[0];
      ColumnWeights w[2];
      double squares[2];
      for (const int form : {0, 1}) {
        w[form] = make_weights(shape.columns, shape.width, 0);
        ColumnBias bias = make_bias(shape.columns, 0);
        const DenseBatch dense = dense_form(sparse);
        const Batch& of = form_of(form != 0, dense, sparse);
        squares[form] = layer.gradient_sum_squares(of, h.data(), 0.0625, w[form], bias, TiedInput{d_y.data()});
        layer.update(of, h.data(), 0.0625, w[form], bias, TiedInput{d_y.data()}, sgd);
      }
      CHECK_CLOSE(squares[0], squares[1], 1e-5 * squares[0]);
      CHECK(error(plain(w[0], w[0].value), plain(w[1], w[1].value)) <= 1e-5);
    }
  });
}
