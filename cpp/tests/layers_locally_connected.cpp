#include "layers/locally_connected.h"

#include "layer_checks.h"

using namespace nrw;
using namespace nrw::check;

namespace {

struct Case {
  const char* settings;
  Shape input;
  ConvAxis down, across;  // kernel, stride, dilation, zeros before; extents follow
};

// {wide, narrow, kernel, stride, dilation, before}
const Case kCases[] = {
    {R"("channels": 3, "kernel": 2)", Shape::image(2, 4, 5), {4, 3, 2, 1, 1, 0}, {5, 4, 2, 1, 1, 0}},
    {R"("channels": 5, "kernel": [3, 2], "stride": [2, 1], "padding": [1, 0])",
     Shape::image(3, 5, 4),
     {5, 3, 3, 2, 1, 1},
     {4, 3, 2, 1, 1, 0}},
    {R"("channels": 2, "kernel": 3, "padding": "same", "dilation": [1, 2])",
     Shape::image(4, 5, 6),
     {5, 5, 3, 1, 1, 1},
     {6, 6, 3, 1, 2, 2}},
    {R"("channels": 4, "kernel": 2, "stride": 2, "bias": false)",
     Shape::image(1, 6, 6),
     {6, 3, 2, 2, 1, 0},
     {6, 3, 2, 2, 1, 0}},
    {R"("channels": 70, "kernel": 3, "stride": 2)", Shape::image(9, 5, 5), {5, 2, 3, 2, 1, 0}, {5, 2, 3, 2, 1, 0}},
};

std::string text(const Case& c) { return std::string(R"({"kind": "locally_connected2d", )") + c.settings + "}"; }

ConvGeometry geometry_of(const Case& c, const Shape& output) {
  ConvGeometry g{.channels = c.input.channels(), .filters = output.channels()};
  g.down = c.down;
  g.across = c.across;
  return g;
}

}  // namespace

TEST(locally_connected_formulas_have_their_gradients) {
  for (const Case& c : kCases) {
    Room room;
    const ConvGeometry g = geometry_of(c, MadeLayer(room.products, text(c), c.input).output);
    const size_t weights = g.places() * g.weights();
    if (weights > 2000) continue;
    auto x = random_values<double>(g.wide_size(), 1), w = random_values<double>(weights, 2);
    const auto c_y = random_values<double>(g.narrow_size(), 3);
    std::vector<double> y(c_y.size()), d_x(x.size()), d_w(w.size());
    local_scatter(g, c_y.data(), w.data(), d_x.data());
    local_outer(g, x.data(), c_y.data(), d_w.data());
    const auto loss = [&] {
      std::fill(y.begin(), y.end(), 0.0);
      local_gather(g, x.data(), w.data(), y.data());
      return weighted(c_y, y.data());
    };
    check_gradient("x", x.data(), d_x.data(), d_x.size(), 0.5, 1e-12, loss);
    check_gradient("w", w.data(), d_w.data(), d_w.size(), 0.5, 1e-12, loss);
  }
}

TEST(locally_connected_equals_the_plain_loops_on_every_instruction_set) {
  constexpr uint32_t kRows = 7;
  size_t tables = 0;
  const Kernels* const* const all = available_kernels(&tables);
  for (size_t t = 0; t < tables; ++t) {
    for (const Case& c : kCases) {
      ThreadPool pool(2);
      Products products(*all[t], pool);
      const MadeLayer made(products, text(c), c.input);
      const ConvGeometry g = geometry_of(c, made.output);
      CHECK(made.output == Shape::image(g.filters, g.down.narrow, g.across.narrow));
      start(*made, kRows, 4);
      const auto x = random_values<float>(kRows * made.input.size(), 5);
      const auto d_y = random_values<float>(kRows * made.output.size(), 6);
      std::vector<float> y(d_y.size()), d_x(x.size());
      const Pass pass{.rows = kRows, .training = true};
      pack_and_forward(*made, pass, x.data(), y.data());
      made->backward(pass, x.data(), d_y.data(), d_x.data());

      const auto parameters = made->parameters();
      const auto doubles = [](auto&& from) { return std::vector<double>(from.begin(), from.end()); };
      const std::vector<double> w = doubles(parameters[0]->value), in = doubles(x), d_out = doubles(d_y);
      std::vector<double> right(y.size()), right_x(x.size()), right_w(w.size()), right_b(made.output.size());
      for (size_t row = 0; row < kRows; ++row) {
        const size_t i = row * made.input.size(), o = row * made.output.size();
        local_gather(g, in.data() + i, w.data(), right.data() + o);
        local_scatter(g, d_out.data() + o, w.data(), right_x.data() + i);
        local_outer(g, in.data() + i, d_out.data() + o, right_w.data());
        for (size_t k = 0; k < made.output.size(); ++k) {
          right_b[k] += d_out[o + k];
          if (parameters.size() > 1) right[o + k] += parameters[1]->value[k];
        }
      }
      const auto near = [&](const auto& found, const std::vector<double>& expected) {
        CHECK(found.size() == expected.size());
        for (size_t k = 0; k < expected.size(); ++k) CHECK_CLOSE(found[k], expected[k], 1e-4);
      };
      near(y, right);
      near(d_x, right_x);
      near(parameters[0]->gradient, right_w);
      if (parameters.size() > 1) near(parameters[1]->gradient, right_b);
    }
  }
}

TEST(locally_connected_bits_do_not_depend_on_threads) {
  for (const Case& c : kCases) check_threads(text(c), c.input, 53);
}

TEST(locally_connected_tensors_and_refusals) {
  Room room;
  const MadeLayer made(room.products, R"({"kind": "locally_connected2d", "channels": 8, "kernel": [3, 5]})",
                       Shape::image(4, 9, 9));
  const auto specs = made.spec.type->tensors(made.spec.settings, made.input, made.output);
  CHECK(specs[0].name == "weight" && (specs[0].sizes == std::vector<uint32_t>{35, 8, 4, 3, 5}));
  CHECK(specs[1].name == "bias" && (specs[1].sizes == std::vector<uint32_t>{35, 8}));
  CHECK(specs[0].fan_in == 60 && specs[0].fan_out == 120 && specs[1].fan_in == 60);
  const auto starts = [&](const char* settings, const Shape& shape, const char* wanted) {
    return refusal(std::string(R"({"kind": "locally_connected2d", )") + settings + "}", shape).find(wanted) == 0;
  };
  const Shape image = Shape::image(4, 9, 9);
  CHECK(starts(R"("channels": 3, "kernel": 3)", Shape::flat(81), "layer.kernel: needs rows of shape [channels,"));
  CHECK(starts(R"("channels": 3, "kernel": 10)", image, "layer.kernel: spans 10 values, but the input with its"));
  CHECK(starts(R"("channels": 3, "kernel": 3, "groups": 2)", image, "layer.groups: is not a setting here"));
  CHECK(starts(R"("channels": 65536, "kernel": 9, "padding": "same")", Shape::image(40, 9, 9),
               "layer.channels: makes a weight of"));
}

// Rows of height x width, without channels, are in the order of columns as everywhere.
TEST(locally_connected_takes_images_without_channels) {
  const char* const text = R"({"kind": "locally_connected2d", "channels": 3, "kernel": 2})";
  const auto passed = [&](const Shape& shape, const std::vector<float>& x) {
    Room room;
    const MadeLayer made(room.products, text, shape);
    start(*made, 2, 8);
    std::vector<float> y(2 * made.output.size());
    pack_and_forward(*made, {.rows = 2}, x.data(), y.data());
    return y;
  };
  const auto first = random_values<float>(2 * 20, 7);  // channels first, which is the order of one channel
  std::vector<float> last(first.size());
  const Shape bare = Shape::signal(4, 5);
  for (size_t at = 0; at < first.size(); at += 20) to_channels_last(bare, first.data() + at, last.data() + at);
  CHECK(passed(bare, last) == passed(Shape::image(1, 4, 5), first));
}
