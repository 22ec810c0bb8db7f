// Linear, activation and dropout layers.
#include <algorithm>
#include <array>
#include <memory>

#include "layers/activation.h"
#include "layers/dropout.h"
#include "layers/linear.h"
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

void start(Layer& layer, uint32_t rows, uint64_t seed) {
  layer.reserve(rows);
  for (Parameter* p : layer.parameters()) {
    p->allocate(0);
    const auto values = random_values<float>(p->size(), seed++);
    std::copy(values.begin(), values.end(), p->value.begin());
  }
}

}  // namespace

TEST(linear_forward_by_hand) {
  Room room;
  Linear layer(room.products, 2, 3, true, nullptr);
  start(layer, 2, 0);
  const float w[6] = {1, 2, 3, 4, 5, 6}, b[3] = {10, 20, 30}, x[4] = {1, -1, 2, 0.5};
  std::copy_n(w, 6, layer.parameters()[0]->value.data());
  std::copy_n(b, 3, layer.parameters()[1]->value.data());
  float y[6];
  pack_and_forward(layer, {.rows = 2}, x, y);
  const float expected[6] = {9, 19, 29, 13, 28, 43};
  for (int i = 0; i < 6; ++i) CHECK_CLOSE(y[i], expected[i], 1e-5);
}

// With the activation beside it, on any number of threads: the bits of one layer after the other.
TEST(linear_with_activations_equals_one_after_the_other) {
  for (const auto [rows, in, out] : {std::array<uint32_t, 3>{1, 1, 1}, {5, 7, 3}, {130, 65, 200}, {61, 130, 48}}) {
    for (const Activation kind : {Activation::kRelu, Activation::kGelu, Activation::kTanh}) {
      const auto u = random_values<float>(rows * in, 7), d_y = random_values<float>(rows * out, 8);
      const Pass pass{.rows = rows, .training = true};
      std::vector<float> plain[6];
      for (const unsigned threads : {0u, 1u, 2u, 5u}) {  // 0: one after the other
        Room room(std::max(1u, threads));
        Linear layer(room.products, in, out, true, nullptr);
        start(layer, rows, 6);
        ActivationLayer before(room.products, in, kind, 0), after(room.products, out, kind, 0);
        std::vector<float> x(rows * in), y(rows * out), z(rows * out), d_x(rows * in);
        before.forward(pass, u.data(), x.data());
        if (threads == 0) {
          pack_and_forward(layer, pass, x.data(), y.data());
          after.forward(pass, y.data(), z.data());
          std::vector<float> d_input(rows * in);
          layer.backward(pass, x.data(), d_y.data(), d_input.data());
          before.backward(pass, u.data(), d_input.data(), d_x.data());
        } else {
          for (size_t task = 0; task < layer.pack_tasks(true); ++task) layer.pack(task);
          layer.forward_with(pass, x.data(), y.data(), After{&after, z.data()});
          layer.backward_with(pass, x.data(), d_y.data(), d_x.data(), Before{&before, u.data()});
        }
        std::vector<float> gradients[2];
        for (int k = 0; k < 2; ++k) {
          auto& gradient = layer.parameters()[static_cast<size_t>(k)]->gradient;
          gradients[k].assign(gradient.begin(), gradient.end());
        }
        const std::vector<float>* found[] = {&y, &z, &d_x, &gradients[0], &gradients[1]};
        for (size_t k = 0; k < 5; ++k) {
          if (threads == 0) plain[k] = *found[k];
          CHECK(!plain[k].empty() && *found[k] == plain[k]);
        }
      }
    }
  }
}

// The layer is linear in each of its arguments, so a wide step costs no accuracy.
TEST(linear_gradients) {
  for (const auto [rows, in, out] : {std::array<uint32_t, 3>{1, 1, 1}, {5, 7, 3}, {26, 65, 70}, {3, 2, 130}}) {
    for (const bool tied : {false, true}) {
      Room room;
      Linear encoder(room.products, out, in, false, nullptr), own(room.products, in, out, true, nullptr);
      Linear mirrored(room.products, in, out, true, &encoder);
      Linear& layer = tied ? mirrored : own;
      start(encoder, rows, 5);
      start(layer, rows, 6);
      Parameter& weight = *(tied ? encoder : own).parameters()[0];
      Parameter& bias = *layer.parameters().back();
      auto x = random_values<float>(rows * in, 7);
      const auto c = random_values<float>(rows * out, 8);
      std::vector<float> y(rows * out), d_x(rows * in);
      const Pass pass{.rows = rows, .training = true};
      const auto loss = [&] {
        pack_and_forward(layer, pass, x.data(), y.data());
        return weighted(c, y.data());
      };
      loss();
      layer.backward(pass, x.data(), c.data(), d_x.data());
      check_gradient("x", x.data(), d_x.data(), d_x.size(), 0.5, 1e-5, loss);
      const std::vector<float> d_weight(weight.gradient.begin(), weight.gradient.end());
      check_gradient("weight", weight.value.data(), d_weight.data(), std::min<size_t>(600, weight.size()), 0.5, 1e-5,
                     loss);
      check_gradient("bias", bias.value.data(), bias.gradient.data(), bias.size(), 0.5, 1e-5, loss);
      loss();
      layer.backward(pass, x.data(), c.data(), d_x.data());
      for (size_t i = 0; i < weight.size(); ++i) CHECK_CLOSE(weight.gradient[i], 2 * d_weight[i], 0);
    }
  }
}

TEST(linear_bits_do_not_depend_on_threads) {
  const uint32_t rows = 129, in = 200, out = 150;
  const auto x = random_values<float>(rows * in, 1), d_y = random_values<float>(rows * out, 2);
  std::vector<float> first;
  for (unsigned threads : {1u, 2u, 4u}) {
    Room room(threads);
    Linear layer(room.products, in, out, true, nullptr);
    start(layer, rows, 3);
    std::vector<float> all(rows * out + rows * in);
    pack_and_forward(layer, {.rows = rows, .training = true}, x.data(), all.data());
    layer.backward({.rows = rows, .training = true}, x.data(), d_y.data(), all.data() + rows * out);
    for (Parameter* p : layer.parameters()) all.insert(all.end(), p->gradient.begin(), p->gradient.end());
    if (first.empty()) first = all;
    CHECK(all == first);
  }
}

TEST(activation_values_and_gradients) {
  struct Case {
    Activation kind;
    float p;
    double at_minus_1, at_2;
  };
  // f(-1) and f(2), worked out with the formulas of PyTorch's documentation.
  const Case cases[] = {{Activation::kRelu, 0, 0, 2},
                        {Activation::kLeakyRelu, 0.125f, -0.125, 2},
                        {Activation::kElu, 2, 2 * (std::exp(-1.0) - 1), 2},
                        {Activation::kGelu, 0, -0.15865525393145707, 1.9544997361036416},
                        {Activation::kSilu, 0, -0.2689414213699951, 1.7615941559557649},
                        {Activation::kTanh, 0, -0.76159415595576489, 0.96402758007581688},
                        {Activation::kSigmoid, 0, 0.26894142136999512, 0.88079707797788243}};
  for (const Case& c : cases) {
    Room room(2);
    const float two[2] = {-1, 2};
    float y_two[2];
    ActivationLayer(room.products, 2, c.kind, c.p).forward({.rows = 1}, two, y_two);
    CHECK_CLOSE(y_two[0], c.at_minus_1, 1e-6);
    CHECK_CLOSE(y_two[1], c.at_2, 1e-6);

    const uint32_t rows = 4, width = 9;
    ActivationLayer layer(room.products, width, c.kind, c.p);
    auto x = random_values<float>(rows * width, 31);
    for (float& value : x) value = 3 * value + (value < 0 ? -0.05f : 0.05f);  // off the kink
    const auto c_y = random_values<float>(rows * width, 32);
    std::vector<float> y(rows * width), d_x(rows * width);
    const Pass pass{.rows = rows, .training = true};
    layer.backward(pass, x.data(), c_y.data(), d_x.data());
    check_gradient("x", x.data(), d_x.data(), d_x.size(), 0.01, 2e-4, [&] {
      layer.forward(pass, x.data(), y.data());
      return weighted(c_y, y.data());
    });
  }
}

TEST(dropout_rate_scale_and_backward) {
  Room room(2);
  const uint32_t rows = 200, width = 101;
  const double rate = 0.3;
  Dropout layer(room.products, width, rate, 42, 3);
  layer.reserve(rows);
  std::vector<float> x(rows * width, 1), y(rows * width), d_y(rows * width, 2), d_x(rows * width);
  std::vector<uint64_t> row_id(rows);
  for (uint32_t i = 0; i < rows; ++i) row_id[i] = 1000 + i;
  const Pass pass{.rows = rows, .training = true, .step = 7, .row_id = row_id.data()};
  layer.forward(pass, x.data(), y.data());
  double dropped = 0;
  for (const float value : y) {
    CHECK(value == 0 || value == static_cast<float>(1 / (1 - rate)));
    dropped += value == 0;
  }
  const double n = rows * width;
  CHECK_CLOSE(dropped / n, rate, 4 * std::sqrt(rate * (1 - rate) / n));
  layer.backward(pass, x.data(), d_y.data(), d_x.data());
  for (size_t i = 0; i < d_x.size(); ++i) CHECK_CLOSE(d_x[i], 2 * y[i], 0);
  layer.forward({.rows = rows}, x.data(), y.data());  // evaluation: the identity
  CHECK(y == x);
}

TEST(dropout_is_a_function_of_seed_layer_step_and_row) {
  Room room;
  const uint32_t width = 61;
  const std::vector<float> x(3 * width, 1);
  const auto masked = [&](uint64_t seed, uint32_t number, uint64_t step, std::vector<uint64_t> rows) {
    Dropout layer(room.products, width, 0.5, seed, number);
    layer.reserve(3);
    std::vector<float> y(rows.size() * width);
    layer.forward({.rows = static_cast<uint32_t>(rows.size()), .training = true, .step = step, .row_id = rows.data()},
                  x.data(), y.data());
    return y;
  };
  const auto base = masked(1, 2, 3, {10, 11, 12}), turned = masked(1, 2, 3, {12, 10, 11});
  CHECK(std::equal(base.begin(), base.begin() + width, turned.begin() + width));
  CHECK(std::equal(base.begin() + 2 * width, base.end(), turned.begin()));
  CHECK(!std::equal(base.begin(), base.begin() + width, base.begin() + width));
  CHECK(masked(2, 2, 3, {10, 11, 12}) != base);
  CHECK(masked(1, 3, 3, {10, 11, 12}) != base);
  CHECK(masked(1, 2, 4, {10, 11, 12}) != base);
}
