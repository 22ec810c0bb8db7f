// The tile-fused output layer with bf16 products: near the f32 one, and the same bits with any number of threads.
#include <algorithm>
#include <cmath>

#include "check.h"
#include "column_oracle.h"
#include "kernels/bf16.h"

using namespace nrw;
using namespace nrw::oracle;

namespace {

struct Sizes {
  uint32_t rows, columns, width;
  double density;
};
// Around tiles of 16 and 32 in every dimension; one column; many tiles; rows beyond a panel.
const Sizes kShapes[] = {{1, 1, 1, 1},        {5, 40, 7, 0.3},    {16, 64, 32, 0.2},   {17, 65, 33, 0.2},
                         {33, 600, 130, 0.3}, {70, 150, 66, 0.3}, {128, 900, 96, 0.05}};
const double kScale = 0.0625;

struct Trained {
  double loss = 0;
  std::vector<float> d_h;
  Matrix weights, bias;
};

Trained train(const Sizes& shape, const Bf16Kernels* bf16, unsigned threads, int steps) {
  const SparseBatch batch = make_batch(shape.rows, shape.columns, shape.density, false);
  ColumnWeights w = make_weights(shape.columns, shape.width, 0);
  ColumnBias bias = make_bias(shape.columns, 0);
  const std::vector<float> h = make_dense(size_t{shape.rows} * shape.width, 6);
  ThreadPool pool(threads);
  SquaredError loss(kernels());
  TileOutput layer(kernels(), pool, loss, bf16);
  const OptimizerStep sgd{.kind = OptimizerKind::kSgd, .learning_rate = 0.01f};
  Trained result;
  result.d_h.resize(h.size());
  for (int step = 0; step < steps; ++step) {
    result.loss = layer.train(batch, h.data(), kScale / shape.rows, w, bias, result.d_h.data(), sgd).loss;
  }
  result.weights = plain(w, w.value);
  result.bias = plain(bias.value);
  return result;
}

// |x - y| / |y|.
template <class X, class Y>
double relative(const X& x, const Y& y) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    difference += std::pow(static_cast<double>(x[i]) - static_cast<double>(y[i]), 2);
    norm += std::pow(static_cast<double>(y[i]), 2);
  }
  return std::sqrt(difference / norm);
}

template <class Body>
void on_every_table(Body&& body) {
  size_t count = 0;
  const Bf16Kernels* const* tables = available_bf16_kernels(&count);
  CHECK(count > 0);
  for (size_t i = 0; i < count; ++i) body(*tables[i]);
}

}  // namespace

// A bf16 has 8 bits: operands are off by at most 2^-9 of themselves, sums of many by less.
TEST(tile_bf16_is_near_f32) {
  on_every_table([](const Bf16Kernels& table) {
    for (const Sizes& shape : kShapes) {
      const Trained exact = train(shape, nullptr, 2, 1), rounded = train(shape, &table, 2, 1);
      CHECK_CLOSE(rounded.loss / exact.loss, 1, 0.01);
      CHECK(relative(rounded.d_h, exact.d_h) <= 0.01);
      CHECK(relative(rounded.weights, exact.weights) <= 1e-3);
      CHECK(relative(rounded.bias, exact.bias) <= 1e-3);
      CHECK(rounded.weights != exact.weights || shape.rows == 1);  // the products really were made in bf16
    }
  });
}

TEST(tile_bf16_trains_like_f32) {
  on_every_table([](const Bf16Kernels& table) {
    const Sizes shape{33, 300, 48, 0.2};
    const Trained exact = train(shape, nullptr, 2, 20), rounded = train(shape, &table, 2, 20);
    CHECK_CLOSE(rounded.loss / exact.loss, 1, 0.01);
  });
}

TEST(tile_bf16_same_bits_with_any_threads) {
  on_every_table([](const Bf16Kernels& table) {
    for (const Sizes& shape : {kShapes[4], kShapes[6]}) {
      const Trained one = train(shape, &table, 1, 2);
      for (unsigned threads : {2u, 3u}) {
        const Trained more = train(shape, &table, threads, 2);
        CHECK(one.loss == more.loss && one.d_h == more.d_h && one.weights == more.weights && one.bias == more.bias);
      }
    }
  });
}
