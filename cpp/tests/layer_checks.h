// What every layer is held to: gradients by differences, the same bits on any number of threads, gradients that add up.
#pragma once

#include <algorithm>
#include <numeric>

#include "base/status.h"
#include "make_layer.h"
#include "numeric_gradient.h"

namespace nrw::check {

struct Room {
  explicit Room(unsigned threads = 1) : pool(threads), products(kernels(), pool) {}
  ThreadPool pool;
  Products products;
};

// Room and starting values: random ones, a tensor a seed.
inline void start(Layer& layer, uint32_t rows, uint64_t seed) {
  layer.reserve(rows);
  for (Parameter* p : layer.parameters()) {
    p->allocate(0);
    const auto values = random_values<float>(p->size(), seed++);
    std::copy(values.begin(), values.end(), p->value.begin());
  }
}

// Row ids as a shuffled file would give them.
inline std::vector<uint64_t> row_ids(uint32_t rows) {
  std::vector<uint64_t> ids(rows);
  for (uint32_t i = 0; i < rows; ++i) ids[i] = 1000 - 7 * i;
  return ids;
}

inline std::vector<float> parameter_gradients(Layer& layer) {
  std::vector<float> all;
  for (Parameter* p : layer.parameters()) all.insert(all.end(), p->gradient.begin(), p->gradient.end());
  return all;
}

// The gradients to x and to all parameters of sum(c * y) + factor * penalty against differences; a second backward pass
// doubles those of the parameters and works without d_x. x: rows of made.input, away from kinks by more than h.
inline void check_layer_gradients(const MadeLayer& made, Pass pass, std::vector<float> x, double h, double tolerance) {
  Layer& layer = *made;
  const auto ids = row_ids(pass.rows);
  pass.training = true;
  pass.row_id = ids.data();
  const auto c = random_values<float>(pass.rows * made.output.size(), 91);
  std::vector<float> y(c.size()), d_x(x.size());
  const auto loss = [&] {
    pack_and_forward(layer, pass, x.data(), y.data());
    return weighted(c, y.data()) + pass.factor * layer.penalty();
  };
  loss();
  layer.backward(pass, x.data(), c.data(), d_x.data());
  const std::vector<float> once = parameter_gradients(layer);
  check_gradient("x", x.data(), d_x.data(), d_x.size(), h, tolerance, loss);
  size_t at = 0;
  for (Parameter* p : layer.parameters()) {
    check_gradient(p->name.c_str(), p->value.data(), once.data() + at, p->size(), h, tolerance, loss);
    at += p->size();
  }
  loss();
  layer.backward(pass, x.data(), c.data(), nullptr);
  const std::vector<float> twice = parameter_gradients(layer);
  for (size_t i = 0; i < once.size(); ++i) CHECK_CLOSE(twice[i], 2 * once[i], 0);
}

// Outputs, gradients, the penalty and what is committed: the same bits on 1, 2 and 5 threads.
inline void check_threads(const std::string& text, const Shape& shape, uint32_t rows) {
  const auto ids = row_ids(rows);
  const auto x = random_values<float>(rows * shape.size(), 92);
  std::vector<double> first;
  for (const unsigned threads : {1u, 2u, 5u}) {
    Room room(threads);
    const MadeLayer made(room.products, text, shape, 5, 2);
    start(*made, rows, 93);
    const Pass pass{.rows = rows, .training = true, .step = 3, .row_id = ids.data(), .factor = 0.25};
    std::vector<float> y(rows * made.output.size()), d_x(x.size());
    const auto d_y = random_values<float>(y.size(), 94);
    std::vector<double> all;
    const auto keep = [&](auto&& values) { all.insert(all.end(), values.begin(), values.end()); };
    pack_and_forward(*made, pass, x.data(), y.data());
    made->backward(pass, x.data(), d_y.data(), d_x.data());
    made->commit();
    keep(y);
    keep(d_x);
    keep(parameter_gradients(*made));
    for (Buffer* buffer : made->buffers()) keep(buffer->value);
    all.push_back(made->penalty());
    if (first.empty()) first = all;
    CHECK(all.size() > 1 && all == first);
  }
}

// What a layer of these settings says when it is refused; "" where it is made.
inline std::string refusal(const std::string& text, const Shape& shape) {
  Room room;
  try {
    const MadeLayer made(room.products, text, shape);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace nrw::check
