#include <algorithm>

#include "layers/batch_norm.h"
#include "layers/layer_norm.h"
#include "make_layer.h"
#include "numeric_gradient.h"

using namespace nrw;
using namespace nrw::check;

namespace {

struct Room {
  explicit Room(unsigned threads = 1) : pool(threads), products(kernels(), pool) {}
  ThreadPool pool;
  Products products;
};

void start(Layer& layer, uint32_t rows) {
  layer.reserve(rows);
  for (Parameter* p : layer.parameters()) p->allocate(0);
}

}  // namespace

TEST(layer_norm_forward_by_hand) {
  // Row (1, 3): mean 2, variance 1; eps 0.
  const double x[2] = {1, 3}, gamma[2] = {2, 10}, beta[2] = {0.5, -1};
  double y[2], mean, rstd;
  layer_norm_forward(1, 2, 0.0, x, gamma, beta, y, &mean, &rstd);
  CHECK_CLOSE(y[0], -1 * 2 + 0.5, 1e-15);
  CHECK_CLOSE(y[1], 1 * 10 - 1, 1e-15);
}

TEST(layer_norm_gradients_in_double) {
  const size_t m = 3, n = 5;
  auto x = random_values<double>(m * n, 1), gamma = random_values<double>(n, 2), beta = random_values<double>(n, 3);
  const auto c = random_values<double>(m * n, 4);
  std::vector<double> y(m * n), mean(m), rstd(m), d_x(m * n), d_gamma(n), d_beta(n);
  const auto loss = [&] {
    layer_norm_forward(m, n, 1e-3, x.data(), gamma.data(), beta.data(), y.data(), mean.data(), rstd.data());
    return weighted(c, y.data());
  };
  loss();
  layer_norm_backward(m, n, x.data(), gamma.data(), mean.data(), rstd.data(), c.data(), d_x.data());
  layer_norm_parameters(m, n, 0, n, x.data(), mean.data(), rstd.data(), c.data(), d_gamma.data(), d_beta.data());
  check_gradient("x", x.data(), d_x.data(), m * n, 1e-5, 1e-8, loss);
  check_gradient("gamma", gamma.data(), d_gamma.data(), n, 1e-5, 1e-8, loss);
  check_gradient("beta", beta.data(), d_beta.data(), n, 1e-5, 1e-8, loss);
}

TEST(batch_norm_forward_by_hand) {
  // Unit 0 over two rows (0, 4): mean 2, variance 4. Unit 1 (1, 1): variance 0, eps 4.
  const double x[4] = {0, 1, 4, 1}, gamma[2] = {3, 5}, beta[2] = {1, 7};
  double y[4], mean[2], var[2];
  batch_statistics(2, 2, 0, 2, x, mean, var);
  CHECK_CLOSE(mean[0], 2, 0);
  CHECK_CLOSE(var[0], 4, 0);
  CHECK_CLOSE(var[1], 0, 0);
  batch_norm_forward(2, 2, 0, 2, 0.0625, x, gamma, beta, mean, var, y);
  CHECK_CLOSE(y[0], 1 - 3 * 2 / std::sqrt(4.0625), 1e-15);
  CHECK_CLOSE(y[2], 1 + 3 * 2 / std::sqrt(4.0625), 1e-15);
  CHECK_CLOSE(y[1], 7, 0);
}

TEST(batch_norm_gradients_in_double) {
  const size_t m = 6, n = 5;
  auto x = random_values<double>(m * n, 11), gamma = random_values<double>(n, 12), beta = random_values<double>(n, 13);
  const auto c = random_values<double>(m * n, 14);
  std::vector<double> y(m * n), mean(n), var(n), d_x(m * n), d_gamma(n), d_beta(n);
  const auto loss = [&] {
    batch_statistics(m, n, 0, n, x.data(), mean.data(), var.data());
    batch_norm_forward(m, n, 0, n, 1e-3, x.data(), gamma.data(), beta.data(), mean.data(), var.data(), y.data());
    return weighted(c, y.data());
  };
  loss();
  batch_norm_backward(m, n, 0, n, 1e-3, x.data(), gamma.data(), mean.data(), var.data(), c.data(), d_x.data(),
                      d_gamma.data(), d_beta.data());
  check_gradient("x", x.data(), d_x.data(), m * n, 1e-5, 1e-8, loss);
  check_gradient("gamma", gamma.data(), d_gamma.data(), n, 1e-5, 1e-8, loss);
  check_gradient("beta", beta.data(), d_beta.data(), n, 1e-5, 1e-8, loss);
}

TEST(norm_layers_agree_with_the_maths_and_add_up_gradients) {
  const uint32_t m = 40, n = 37;
  const auto x = random_values<float>(m * n, 21), d_y = random_values<float>(m * n, 22);
  std::vector<float> y(m * n), d_x(m * n), first[2];
  for (unsigned threads : {1u, 3u}) {
    Room room(threads);
    const MadeLayer layer_norm(room.products, R"({"kind": "layer_norm"})", Shape::flat(n));
    const MadeLayer batch_norm(room.products, R"({"kind": "batch_norm"})", Shape::flat(n));
    for (Layer* layer : {layer_norm.layer.get(), batch_norm.layer.get()}) {
      start(*layer, m);
      for (float& gamma : layer->parameters()[0]->value) gamma = 1.5f;
      const Pass pass{.rows = m, .training = true};
      layer->forward(pass, x.data(), y.data());
      for (int row = 0; row < 2; ++row) {  // unit 0 of batch norm and row 0 of layer norm have mean 0, variance 1.5^2
        double sum = 0, squares = 0;
        const bool by_row = layer == layer_norm.layer.get();
        const uint32_t count = by_row ? n : m;
        for (uint32_t k = 0; k < count; ++k) {
          const double value = by_row ? y[row * n + k] : y[k * n + row];
          sum += value;
          squares += value * value;
        }
        CHECK_CLOSE(sum / count, 0, 1e-6);
        CHECK_CLOSE(squares / count, 1.5 * 1.5, 1e-3);
      }
      layer->backward(pass, x.data(), d_y.data(), d_x.data());
      std::vector<float> once(layer->parameters()[0]->gradient.begin(), layer->parameters()[0]->gradient.end());
      layer->backward(pass, x.data(), d_y.data(), d_x.data());
      for (uint32_t j = 0; j < n; ++j) CHECK_CLOSE(layer->parameters()[0]->gradient[j], 2 * once[j], 0);
      std::vector<float>& seen = first[layer == batch_norm.layer.get()];
      if (seen.empty()) seen = d_x;
      CHECK(std::equal(seen.begin(), seen.end(), d_x.begin()));  // bits, whatever the threads
    }
  }
}

// Channels below, at and above the values of a line, rows that fill no line, and means far from 0; with the activation
// after the layer and the one before it.
TEST(batch_norm_of_any_channels_is_the_maths) {
  for (const uint32_t channels : {1u, 3u, 5u, 16u, 33u, 64u, 70u, 300u}) {
    for (const uint32_t length : {1u, 2u, 37u, 1001u}) {
      const uint32_t rows = length == 1001 ? 5 : 3;
      const size_t m = size_t{rows} * length, n = channels, size = m * n;
      auto x = random_values<float>(size, 31);
      for (size_t i = 0; i < size; ++i) x[i] += 1000.0f * static_cast<float>(i % n % 3);
      const auto d_y = random_values<float>(size, 32), u = random_values<float>(size, 33);
      std::vector<float> y(size), z(size), d_x(size), first;
      for (const unsigned threads : {1u, 3u}) {
        Room room(threads);
        const MadeLayer made(room.products, R"({"kind": "batch_norm"})", Shape::signal(channels, length));
        const MadeLayer relu(room.products, R"({"kind": "relu"})", Shape::signal(channels, length));
        start(*made, rows);
        const auto parameters = made->parameters();
        for (uint32_t j = 0; j < n; ++j) {
          parameters[0]->value[j] = 1.0f + 0.01f * static_cast<float>(j);
          parameters[1]->value[j] = 0.5f - 0.02f * static_cast<float>(j);
        }
        const Pass pass{.rows = rows, .training = true};
        made->forward_with(pass, x.data(), y.data(), After{relu->elementwise(), z.data()});
        made->backward_with(pass, x.data(), d_y.data(), d_x.data(), Before{relu->elementwise(), u.data()});

        std::vector<double> wide_x(x.begin(), x.end()), wide_d(d_y.begin(), d_y.end()), gamma(n), beta(n), mean(n),
            var(n), want(size), want_d(size), d_gamma(n), d_beta(n);
        for (uint32_t j = 0; j < n; ++j) gamma[j] = parameters[0]->value[j], beta[j] = parameters[1]->value[j];
        for (size_t j = 0; j < n; j += kUnitBlock) {
          const size_t count = std::min(kUnitBlock, n - j);
          batch_statistics(m, n, j, count, wide_x.data(), mean.data(), var.data());
          batch_norm_forward(m, n, j, count, 1e-5, wide_x.data(), gamma.data(), beta.data(), mean.data(), var.data(),
                             want.data());
          batch_norm_backward(m, n, j, count, 1e-5, wide_x.data(), gamma.data(), mean.data(), var.data(), wide_d.data(),
                              want_d.data(), d_gamma.data(), d_beta.data());
        }
        size_t compared = 0;
        for (size_t i = 0; i < size; ++i) {
          // A mean of 2000 is known to 1.2e-4 in float, which counts for more where a column varies little.
          const double slack = 3e-4 / std::sqrt(var[i % n] + 1e-5), scale = std::fabs(gamma[i % n]);
          CHECK_CLOSE(y[i], want[i], scale * (slack + 1e-5));
          CHECK(z[i] == std::max(0.0f, y[i]));
          const double want_here = u[i] <= 0 ? 0 : want_d[i];
          CHECK_CLOSE(d_x[i], want_here, scale * (slack + 1e-5) * (1 + 1 / std::sqrt(var[i % n] + 1e-5)));
          ++compared;
        }
        CHECK(compared == size);
        for (uint32_t j = 0; j < n; ++j) {
          const double room_for = 2e-5 * std::sqrt(static_cast<double>(m)) + 3e-4 * std::sqrt(m / (var[j] + 1e-5));
          CHECK_CLOSE(parameters[1]->gradient[j], d_beta[j], room_for);
          CHECK_CLOSE(parameters[0]->gradient[j], d_gamma[j], room_for);
        }
        if (first.empty()) first = d_x;
        CHECK(first == d_x);  // bits, whatever the threads
      }
    }
  }
}

// A column whose values do not vary has no variance, whatever they are, and gives beta.
TEST(batch_norm_of_a_constant_column) {
  Room room;
  const MadeLayer made(room.products, R"({"kind": "batch_norm"})", Shape::signal(2, 700));
  start(*made, 1);
  for (Parameter* p : made->parameters()) p->value[0] = p->value[1] = 0.75f;
  std::vector<float> x(1400, 123456.7f), y(1400);
  for (size_t i = 1; i < x.size(); i += 2) x[i] = static_cast<float>(i);
  made->forward({.rows = 1, .training = true}, x.data(), y.data());
  for (size_t i = 0; i < y.size(); i += 2) CHECK(y[i] == 0.75f);
}

TEST(batch_norm_running_statistics) {
  Room room;
  const MadeLayer made(room.products, R"({"kind": "batch_norm", "momentum": 0.25})", Shape::flat(2));
  Layer& layer = *made;
  start(layer, 4);
  layer.parameters()[0]->value[0] = layer.parameters()[0]->value[1] = 1;
  const auto buffers = layer.buffers();
  const float x[4] = {0, 10, 4, 30};
  float y[4];
  layer.forward({.rows = 2, .training = true}, x, y);
  CHECK_CLOSE(buffers[0]->value[0], 0, 0);  // not before the update
  layer.commit();
  CHECK_CLOSE(buffers[0]->value[0], 0.25 * 2, 1e-6);         // batch mean 2
  CHECK_CLOSE(buffers[1]->value[0], 0.75 + 0.25 * 8, 1e-6);  // unbiased variance 8
  CHECK_CLOSE(buffers[1]->value[1], 0.75 + 0.25 * 200, 1e-4);
  CHECK(buffers[2]->is_count && buffers[2]->count == 1);

  layer.forward({.rows = 1, .training = false}, x, y);
  CHECK_CLOSE(y[0], (0 - 0.5) / std::sqrt(2.75 + 1e-5), 1e-6);

  layer.forward({.rows = 1, .training = true}, x, y);  // one row has no variance
  CHECK_CLOSE(y[0], 0, 0);
  layer.commit();
  CHECK_CLOSE(buffers[1]->value[0], 2.75, 1e-6);
  CHECK(buffers[2]->count == 2);
}
