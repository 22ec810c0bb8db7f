// The tile-fused output layer against plain double arithmetic, on every kernel table of this machine.
#include <algorithm>

#include "check.h"
#include "column_oracle.h"

using namespace nrw;
using namespace nrw::oracle;

namespace {

struct Sizes {
  uint32_t rows, columns, width;
  double density;
};
// Around lane widths, panels, strips and tiles; one column; no target at all; many tiles; rows beyond a panel.
const Sizes kShapes[] = {{5, 40, 7, 0.3},    {1, 1, 1, 1},       {3, 1, 17, 0.9},
                         {4, 300, 16, 0.0},  {33, 600, 33, 0.5}, {9, 257, 129, 0.4},
                         {70, 150, 66, 0.3}, {130, 90, 20, 0.1}, {3, 7000, 5, 0.05}};
const double kScale = 0.0625;  // a of the loss

template <class Body>
void on_every_table(Body&& body) {
  size_t count = 0;
  const Kernels* const* tables = available_kernels(&count);
  CHECK(count > 0);
  for (size_t i = 0; i < count; ++i) body(*tables[i]);
}

struct Expected {
  double loss = 0, squared_error = 0;
  Matrix residual, d_h, d_w, d_b;
};

// d_y: of the tied input, or empty.
Expected expect(const SparseBatch& batch, const std::vector<float>& h_float, const ColumnWeights& w,
                const ColumnBias& bias, const std::vector<float>& d_y = {}) {
  const size_t m = batch.rows, columns = batch.columns, width = w.width;
  const Matrix h(h_float.begin(), h_float.end()), weights = plain(w, w.value);
  Expected expected;
  expected.residual = residual(batch, h, width, weights, plain(bias.value));
  expected.squared_error = sum_squares(expected.residual);
  expected.loss = kScale * expected.squared_error;
  expected.d_h = product(m, width, columns, expected.residual, columns, 1, weights);
  expected.d_w = product(columns, width, m, expected.residual, 1, columns, h);
  expected.d_b = product(columns, 1, m, expected.residual, 1, columns, Matrix(m, 1.0));
  for (Matrix* gradient : {&expected.d_h, &expected.d_w, &expected.d_b}) {
    for (double& element : *gradient) element *= 2 * kScale;
  }
  if (bias.value.size() == 0) expected.d_b.clear();
  if (!d_y.empty()) {
    const Matrix tied =
        product(columns, width, m, dense(batch, batch.inputs()), 1, columns, Matrix(d_y.begin(), d_y.end()));
    for (size_t i = 0; i < tied.size(); ++i) expected.d_w[i] += tied[i];
  }
  return expected;
}

// The layer's parameters with their moments.
struct Parameters {
  ColumnWeights w;
  ColumnBias bias;
  Parameters(uint32_t columns, uint32_t width, int moments, bool biased = true)
      : w(make_weights(columns, width, moments)), bias(biased ? make_bias(columns, moments) : ColumnBias{}) {}
};

void check_update(const Expected& gradient, const OptimizerStep& step, const Parameters& before,
                  const Parameters& after) {
  const auto check = [&](const Matrix& d, Matrix value, Matrix s1, Matrix s2, const Matrix& new_value,
                         const Matrix& new_s1, const Matrix& new_s2) {
    double unused = 0;
    for (size_t i = 0; i < value.size(); ++i) {
      update(step, d[i], value[i], s1.empty() ? unused : s1[i], s2.empty() ? unused : s2[i]);
    }
    CHECK(error(value, new_value) <= 1e-5);
    CHECK(s1.empty() || error(s1, new_s1) <= 1e-5);
    CHECK(s2.empty() || error(s2, new_s2) <= 1e-5);
  };
  const ColumnWeights &w = before.w, &new_w = after.w;
  check(gradient.d_w, plain(w, w.value), plain(w, w.moment1), plain(w, w.moment2), plain(new_w, new_w.value),
        plain(new_w, new_w.moment1), plain(new_w, new_w.moment2));
  const ColumnBias &bias = before.bias, &new_bias = after.bias;
  if (bias.value.size() == 0) return;
  check(gradient.d_b, plain(bias.value), plain(bias.moment1), plain(bias.moment2), plain(new_bias.value),
        plain(new_bias.moment1), plain(new_bias.moment2));
}

}  // namespace

TEST(tile_output_gradients) {
  on_every_table([](const Kernels& kernels) {
    for (const Sizes& shape : kShapes) {
      for (const bool biased : {true, false}) {
        ThreadPool pool(2);
        SquaredError loss(kernels);
        TileOutput layer(kernels, pool, loss);
        const SparseBatch batch = make_batch(shape.rows, shape.columns, shape.density, true, 7);
        const std::vector<float> h = make_dense(shape.rows * shape.width, 12);
        const Parameters p(shape.columns, shape.width, 0, biased);
        const Expected expected = expect(batch, h, p.w, p.bias);
        const double squares = sum_squares(expected.d_w) + sum_squares(expected.d_b);

        std::vector<float> d_h(h.size(), NAN);
        const auto result = layer.loss_backward(batch, h.data(), kScale, p.w, p.bias, d_h.data(), true);
        CHECK_CLOSE(result.loss, expected.loss, 1e-5 * expected.loss);
        CHECK_CLOSE(result.sum_squares, squares, 2e-5 * squares);
        CHECK(error(expected.d_h, d_h) <= 1e-5);
        CHECK(layer.loss_backward(batch, h.data(), kScale, p.w, p.bias, d_h.data(), false).loss == result.loss);

        AlignedBuffer<float> d_w(p.w.value.size()), d_b(biased ? shape.columns : 0);
        for (const double times : {1.0, 2.0}) {  // adds
          layer.add_gradient(batch, h.data(), kScale, p.w, p.bias, d_w.data(), d_b.data());
          Matrix d_w_expected = expected.d_w, d_b_expected = expected.d_b;
          for (double& element : d_w_expected) element *= times;
          for (double& element : d_b_expected) element *= times;
          CHECK(error(d_w_expected, plain(p.w, d_w)) <= 1e-5);
          CHECK(!biased || error(d_b_expected, d_b) <= 1e-5);
        }
      }
    }
  });
}

// The oracle's gradients are the derivatives of its loss, by central differences (exact for a quadratic).
TEST(tile_output_numeric_gradient) {
  const uint32_t rows = 4, columns = 11, width = 3;
  const SparseBatch batch = make_batch(rows, columns, 0.4, false, 5);
  const std::vector<float> h_float = make_dense(rows * width, 12);
  const Parameters p(columns, width, 0);
  const Expected expected = expect(batch, h_float, p.w, p.bias);
  Matrix h(h_float.begin(), h_float.end()), w = plain(p.w, p.w.value), bias = plain(p.bias.value);
  const auto differences = [&](Matrix& of, const Matrix& gradient) {
    CHECK(of.size() == gradient.size());
    for (size_t at = 0; at < of.size(); ++at) {
      const double before = of[at];
      of[at] = before + 1e-3;
      const double up = sum_squares(residual(batch, h, width, w, bias));
      of[at] = before - 1e-3;
      const double down = sum_squares(residual(batch, h, width, w, bias));
      of[at] = before;
      CHECK_CLOSE(kScale * (up - down) / 2e-3, gradient[at], 1e-9);
    }
  };
  differences(h, expected.d_h);
  differences(w, expected.d_w);
  differences(bias, expected.d_b);
}

TEST(tile_output_train) {
  on_every_table([](const Kernels& kernels) {
    for (const OptimizerStep& step : optimizer_steps()) {
      for (const Sizes& shape : {kShapes[0], kShapes[5], kShapes[6]}) {
        ThreadPool pool(3);
        SquaredError loss(kernels);
        TileOutput layer(kernels, pool, loss);
        const SparseBatch batch = make_batch(shape.rows, shape.columns, shape.density, true, 7);
        const std::vector<float> h = make_dense(shape.rows * shape.width, 12);
        const Parameters before(shape.columns, shape.width, step.moments());
        Parameters after(shape.columns, shape.width, step.moments());
        const Expected expected = expect(batch, h, before.w, before.bias);
        std::vector<float> d_h(h.size(), NAN);
        const auto result = layer.train(batch, h.data(), kScale, after.w, after.bias, d_h.data(), step);
        const double squares = sum_squares(expected.d_w) + sum_squares(expected.d_b);
        CHECK_CLOSE(result.loss, expected.loss, 1e-5 * expected.loss);
        CHECK_CLOSE(result.sum_squares, squares, 2e-5 * squares);
        CHECK(error(expected.d_h, d_h) <= 1e-5);  // of the weights before the update
        check_update(expected, step, before, after);

        // Two passes make the same update.
        Parameters twice(shape.columns, shape.width, step.moments());
        std::vector<float> d_h_twice(h.size(), NAN);
        layer.loss_backward(batch, h.data(), kScale, twice.w, twice.bias, d_h_twice.data(), true);
        const double same = layer.update(batch, h.data(), kScale, twice.w, twice.bias, TiedInput{}, step);
        CHECK(same == result.sum_squares && same_bits(d_h, d_h_twice));
        CHECK(same_bits(after.w.value, twice.w.value) && same_bits(after.bias.value, twice.bias.value));
      }
    }
  });
}

TEST(tile_output_tied) {
  on_every_table([](const Kernels& kernels) {
    for (const Sizes& shape : kShapes) {
      const OptimizerStep step = optimizer_steps()[4];
      ThreadPool pool(2);
      SquaredError loss(kernels);
      TileOutput layer(kernels, pool, loss);
      const SparseBatch batch = make_batch(shape.rows, shape.columns, shape.density, true, 7);
      const std::vector<float> h = make_dense(shape.rows * shape.width, 12), d_y = make_dense(h.size(), 13);
      const Parameters before(shape.columns, shape.width, 2);
      Parameters after(shape.columns, shape.width, 2);
      const Expected expected = expect(batch, h, before.w, before.bias, d_y);
      const double squares = sum_squares(expected.d_w) + sum_squares(expected.d_b);
      const TiedInput tied{d_y.data()};
      const double norm = layer.gradient_sum_squares(batch, h.data(), kScale, before.w, before.bias, tied);
      CHECK_CLOSE(norm, squares, 2e-5 * squares);
      CHECK(layer.update(batch, h.data(), kScale, after.w, after.bias, tied, step) == norm);
      check_update(expected, step, before, after);
    }
  });
}

TEST(tile_output_evaluate_and_reconstruct) {
  on_every_table([](const Kernels& kernels) {
    for (const Sizes& shape : kShapes) {
      for (const bool biased : {true, false}) {
        ThreadPool pool(2);
        SquaredError loss(kernels);
        TileOutput layer(kernels, pool, loss);
        const uint32_t m = shape.rows, columns = shape.columns;
        const SparseBatch batch = make_batch(m, columns, shape.density, false, 7);
        const std::vector<float> h = make_dense(m * shape.width, 12);
        const Parameters p(columns, shape.width, 0, biased);
        const Expected expected = expect(batch, h, p.w, p.bias);
        Matrix by_column(columns, 1.0);  // added to
        for (size_t i = 0; i < expected.residual.size(); ++i) {
          by_column[i % columns] += expected.residual[i] * expected.residual[i];
        }
        Matrix column_sse(columns, 1.0);
        const double sse = layer.evaluate(batch, h.data(), p.w, p.bias, column_sse.data()).squared_error;
        CHECK_CLOSE(sse, expected.squared_error, 1e-5 * expected.squared_error);
        CHECK(error(by_column, column_sse) <= 1e-5);
        CHECK(layer.evaluate(batch, h.data(), p.w, p.bias, nullptr).squared_error == sse);

        Matrix output = dense(batch, batch.target.data());
        for (size_t i = 0; i < output.size(); ++i) output[i] += expected.residual[i];
        std::vector<float> all(output.size(), NAN);
        layer.reconstruct(m, h.data(), p.w, p.bias, nullptr, columns, all.data());
        CHECK(error(output, all) <= 1e-5);
        const std::vector<uint32_t> chosen{columns - 1, 0, columns / 2, 0};
        std::vector<float> some(m * chosen.size(), NAN), picked;
        layer.reconstruct(m, h.data(), p.w, p.bias, chosen.data(), static_cast<uint32_t>(chosen.size()), some.data());
        for (size_t i = 0; i < m; ++i) {
          for (const uint32_t column : chosen) picked.push_back(all[i * columns + column]);
        }
        CHECK(same_bits(picked, some));
      }
    }
  });
}

TEST(tile_output_same_bits_with_any_threads) {
  on_every_table([](const Kernels& kernels) {
    const OptimizerStep step = optimizer_steps()[4];
    const uint32_t m = 20, columns = 1500, width = 24;
    const SparseBatch batch = make_batch(m, columns, 0.2, false, 7);
    const std::vector<float> h = make_dense(m * width, 12);
    std::vector<float> first_d_h, first_out;
    Parameters first(columns, width, 2);
    TileOutput::Result first_result;
    for (const unsigned threads : {1u, 2u, 3u, 4u}) {
      ThreadPool pool(threads);
      SquaredError loss(kernels);
      TileOutput layer(kernels, pool, loss);
      Parameters p(columns, width, 2);
      std::vector<float> d_h(h.size()), out(m * columns);
      const auto result = layer.train(batch, h.data(), kScale, p.w, p.bias, d_h.data(), step);
      layer.reconstruct(m, h.data(), p.w, p.bias, nullptr, columns, out.data());
      if (threads == 1) {
        first = std::move(p);
        first_d_h = d_h;
        first_out = out;
        first_result = result;
        continue;
      }
      CHECK(same_bits(first_d_h, d_h) && same_bits(first_out, out));
      CHECK(same_bits(first.w.value, p.w.value) && same_bits(first.w.moment2, p.w.moment2));
      CHECK(same_bits(first.bias.value, p.bias.value));
      CHECK(first_result.loss == result.loss && first_result.sum_squares == result.sum_squares);
    }
  });
}

TEST(tile_output_empty_batch) {
  ThreadPool pool(2);
  SquaredError loss(kernels());
  TileOutput layer(kernels(), pool, loss);
  SparseBatch batch;
  batch.columns = 200;
  for (const OptimizerStep& step : optimizer_steps()) {
    const Parameters before(200, 9, step.moments());
    Parameters after(200, 9, step.moments());
    Expected nothing;
    nothing.d_w.resize(200 * 9);
    nothing.d_b.resize(200);
    const auto result = layer.train(batch, nullptr, kScale, after.w, after.bias, nullptr, step);
    CHECK(result.loss == 0 && result.sum_squares == 0);
    check_update(nothing, step, before, after);
    CHECK(layer.evaluate(batch, nullptr, after.w, after.bias, nullptr).squared_error == 0);
    layer.reconstruct(0, nullptr, after.w, after.bias, nullptr, 200, nullptr);
  }
}

TEST(tile_output_reports_what_is_not_finite) {
  ThreadPool pool(2);
  SquaredError loss(kernels());
  TileOutput layer(kernels(), pool, loss);
  const SparseBatch batch = make_batch(6, 100, 0.3, false);
  std::vector<float> h = make_dense(6 * 8, 12), d_h(h.size());
  h[11] = NAN;
  const Parameters p(100, 8, 0);
  const auto result = layer.loss_backward(batch, h.data(), kScale, p.w, p.bias, d_h.data(), true);
  CHECK(std::isnan(result.loss) && std::isnan(result.sum_squares) && std::isnan(d_h[8]));
}

TEST(tile_output_needs_the_optimizers_moments) {
  ThreadPool pool(1);
  SquaredError loss(kernels());
  TileOutput layer(kernels(), pool, loss);
  const SparseBatch batch = make_batch(2, 10, 0.5, false);
  const std::vector<float> h(8, 1.0f);
  std::vector<float> d_h(8);
  const OptimizerStep adam = optimizer_steps()[4];
  Parameters p(10, 4, 2);
  p.bias = make_bias(10, 0);
  CHECK_THROWS(layer.train(batch, h.data(), kScale, p.w, p.bias, d_h.data(), adam), NRW_INTERNAL);
}
