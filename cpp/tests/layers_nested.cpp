// Layers with layers within them, and what shapes refuse.
#include <algorithm>

#include "layers/inner_layers.h"
#include "make_layer.h"
#include "numeric_gradient.h"

using namespace nrw;
using namespace nrw::check;

namespace {

struct Room {
  ThreadPool pool{1};
  Products products{kernels(), pool};
};

MadeLayer made(Room& room, const std::string& text, const Shape& input, uint32_t number = 0) {
  return MadeLayer(room.products, text, input, 1, number);
}

std::vector<float> masked(Room& room, const std::string& text, uint32_t number) {
  const MadeLayer layer = made(room, text, Shape::flat(61), number);
  layer->reserve(1);
  const std::vector<float> x(61, 1);
  std::vector<float> y(61);
  const uint64_t row = 8;
  layer->forward({.rows = 1, .training = true, .step = 3, .row_id = &row}, x.data(), y.data());
  return y;
}

// What is refused, and how the message begins.
void check_refused(const std::string& text, const Shape& input, const std::string& beginning) {
  Room room;
  std::string message;
  try {
    made(room, text, input);
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(message.starts_with(beginning) && !beginning.empty());
  if (!message.starts_with(beginning)) failed(text.c_str(), 0, "it says: " + message);
}

}  // namespace

TEST(inner_layers_have_numbers_of_their_own) {
  Room room;
  const std::string dropout = R"({"kind": "dropout", "rate": 0.5})";
  const std::string residual = R"({"kind": "residual", "layers": [)" + dropout + "]}";
  const std::string nested = R"({"kind": "residual", "layers": [)" + residual + ", " + dropout + "]}";
  CHECK(layers_in(layer_spec(Json::parse(dropout), "layer")) == 1);
  CHECK(layers_in(layer_spec(Json::parse(nested), "layer")) == 4);
  const auto minus_one = [](std::vector<float> y) {
    for (float& value : y) value -= 1;
    return y;
  };
  CHECK(minus_one(masked(room, residual, 4)) == masked(room, dropout, 5));
  CHECK(masked(room, dropout, 5) != masked(room, dropout, 6));
  // Layer 4 holds layer 5, which holds layer 6, and then layer 7: y = 1 + m7 (1 + m6).
  const auto y = masked(room, nested, 4), m6 = masked(room, dropout, 6), m7 = masked(room, dropout, 7);
  for (size_t i = 0; i < y.size(); ++i) CHECK_CLOSE(y[i], 1 + m7[i] * (1 + m6[i]), 0);
}

TEST(inner_layers_pass_on_buffers_and_commits) {
  Room room;
  const MadeLayer layer =
      made(room, R"({"kind": "dense_skip", "layers": [{"kind": "tanh"}, {"kind": "batch_norm"}]})", Shape::flat(2));
  layer->reserve(2);
  for (Parameter* p : layer->parameters()) p->allocate(0);
  const auto buffers = layer->buffers();
  CHECK(buffers.size() == 3 && buffers[0]->name == "layers.1.running_mean" && buffers[2]->is_count);
  CHECK(layer->parameters()[0]->name == "layers.1.weight");
  CHECK(layer.output == Shape::flat(4));
  const float x[4] = {1, 2, 3, 4};
  float y[8];
  layer->forward({.rows = 2, .training = true}, x, y);
  CHECK(buffers[2]->count == 0);
  layer->commit();
  CHECK(buffers[2]->count == 1);
  CHECK_CLOSE(buffers[0]->value[0], 0.1 * (std::tanh(1.0) + std::tanh(3.0)) / 2, 1e-6);
}

TEST(shapes_that_do_not_fit_are_refused_by_field) {
  const Shape flat = Shape::flat(12), signal = Shape::signal(3, 4), image = Shape::image(3, 2, 2);
  check_refused(R"({"kind": "unflatten", "shape": [3, 5]})", flat, "layer.shape: 3 x 5 has 15 values");
  check_refused(R"({"kind": "unflatten", "shape": [12]})", signal, "layer.shape: the rows before it must be flat");
  check_refused(R"({"kind": "max_pool1d", "kernel": 2})", image, "layer.kernel: is for signals");
  check_refused(R"({"kind": "max_pool1d", "kernel": 5})", signal, "layer.kernel: 5 is larger than the axis");
  check_refused(R"({"kind": "average_pool2d", "kernel": 2, "padding": 2})", image,
                "layer.padding: must be at most half of the kernel, 1, got 2");
  check_refused(R"({"kind": "max_pool2d", "kernel": [1, 2, 3]})", image, "layer.kernel: must be one number");
  check_refused(R"({"kind": "upsample2d", "factor": 2})", flat, "layer.factor: is for images");
  check_refused(R"({"kind": "group_norm", "groups": 2})", signal, "layer.groups: must divide the number of channels");
  check_refused(R"({"kind": "group_norm", "groups": 12})", flat, "layer.groups: 12 leaves one value");
  check_refused(R"({"kind": "instance_norm"})", flat, "layer.eps: instance_norm needs signals or images");
  check_refused(R"({"kind": "residual", "layers": [{"kind": "linear", "size": 5}]})", flat,
                "layer.layers: must end with rows of the shape that they begin with, 12, got 5");
  check_refused(R"({"kind": "dense_skip", "layers": [{"kind": "flatten"}]})", signal,
                "layer.layers: must end with rows like those before them");
  check_refused(R"({"kind": "residual", "layers": [{"kind": "linear", "size": 12, "tied": true}]})", flat,
                "layer.layers.0.tied: is not for layers within a layer");
  check_refused(R"({"kind": "residual", "layers": [{"kind": "linear", "size": 12, "solver": "factored"}]})", flat,
                "layer.layers.0.solver: only the output layer");
  check_refused(R"({"kind": "shortcut", "layers": [{"kind": "relu"}], "size": 12})", flat,
                "layer.size: must be less than the 12 values of a row, got 12");
  check_refused(R"({"kind": "shortcut", "layers": [{"kind": "relu"}], "size": 5})", flat,
                "layer.layers: must end with the 5 values of size, to which they are added, got 7");
  check_refused(R"({"kind": "shortcut", "layers": [{"kind": "relu"}], "size": 5})", signal,
                "layer.layers: takes flat rows, but gets 3 x 4");
  check_refused(R"({"kind": "residual", "layers": [{"kind": "max_pool1d", "kernel": 9}]})", signal,
                "layer.layers.0.kernel: 9 is larger");
}

// A NaN is larger than anything, and of equal values the first has the gradient.
TEST(max_pool_by_hand) {
  Room room;
  const MadeLayer layer = made(room, R"({"kind": "max_pool1d", "kernel": 2})", Shape::signal(1, 6));
  const float x[6] = {2, 2, 1, NAN, -3, -1}, d_y[3] = {10, 20, 30};
  float y[3], d_x[6];
  layer->forward({.rows = 1, .training = true}, x, y);
  CHECK(y[0] == 2 && std::isnan(y[1]) && y[2] == -1);
  layer->backward({.rows = 1, .training = true}, x, d_y, d_x);
  const float right[6] = {10, 0, 0, 20, 0, 30};
  for (int i = 0; i < 6; ++i) CHECK_CLOSE(d_x[i], right[i], 0);
}
