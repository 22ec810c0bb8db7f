// The four convolutions: their formulas as plain loops, and the layers against those loops.
#include <algorithm>
#include <memory>

#include "layers/conv_geometry.h"
#include "layers/convolution.h"
#include "layers_convolution_golden.h"
#include "make_layer.h"
#include "numeric_gradient.h"

using namespace nrw;
using namespace nrw::check;

namespace {

struct Room {
  explicit Room(unsigned threads = 1, const Kernels& table = kernels()) : pool(threads), products(table, pool) {}
  ThreadPool pool;
  Products products;
};

Shape shape_of(std::initializer_list<uint32_t> sizes) {
  Shape shape{static_cast<uint32_t>(sizes.size()), {}};
  std::copy(sizes.begin(), sizes.end(), shape.sizes.begin());
  return shape;
}

void start(Layer& layer, uint32_t rows, uint64_t seed) {
  layer.reserve(rows);
  for (Parameter* p : layer.parameters()) {
    p->allocate(0);
    const auto values = random_values<float>(p->size(), seed++);
    std::copy(values.begin(), values.end(), p->value.begin());
  }
}

bool transposed(const MadeLayer& made) {
  return std::string(made.spec.type->name).find("transpose") != std::string::npos;
}
bool two_axes(const MadeLayer& made) {
  return std::string(made.spec.type->name).back() == 'd' && made.output.dimensions == 3;
}

// What the settings say, read here a second time.
ConvGeometry geometry_of(const MadeLayer& made) {
  const Settings& s = made.spec.settings;
  const size_t axes = two_axes(made) ? 2 : 1;
  const bool channels = made.input.dimensions == axes + 1;
  const uint32_t in = channels ? made.input.sizes[0] : 1, out = made.output.sizes[0];
  ConvGeometry g;
  g.channels = in;
  g.filters = out;
  g.groups = s.count("groups");
  if (transposed(made)) std::swap(g.channels, g.filters);
  for (size_t axis = 0; axis < axes; ++axis) {
    ConvAxis& a = axis + 1 == axes ? g.across : g.down;
    a.kernel = s.axes("kernel", axes)[axis];
    a.stride = s.axes("stride", axes)[axis];
    a.dilation = s.axes("dilation", axes)[axis];
    a.before = s.is_word("padding") ? a.dilation * (a.kernel - 1) / 2 : s.axes("padding", axes)[axis];
    a.wide = made.input.sizes[axis + (channels ? 1 : 0)];
    a.narrow = made.output.sizes[axis + 1];
    if (transposed(made)) std::swap(a.wide, a.narrow);
  }
  return g;
}

struct Results {
  std::vector<float> y, d_x, d_w, d_b;
};

// Forward and backward of a layer; the gradients are added to what is there.
Results run(Layer& layer, uint32_t rows, const std::vector<float>& x, const std::vector<float>& d_y) {
  Results r{std::vector<float>(d_y.size()), std::vector<float>(x.size()), {}, {}};
  const Pass pass{.rows = rows, .training = true};
  pack_and_forward(layer, pass, x.data(), r.y.data());
  layer.backward(pass, x.data(), d_y.data(), r.d_x.data());
  const auto gradient = [&](size_t k) {
    const auto all = layer.parameters();
    return k < all.size() ? std::vector<float>(all[k]->gradient.begin(), all[k]->gradient.end()) : std::vector<float>{};
  };
  r.d_w = gradient(0);
  r.d_b = gradient(1);
  return r;
}

// The same by the plain loops, in double.
Results plain(const ConvGeometry& g, bool transposed, uint32_t rows, Layer& layer, const std::vector<float>& x,
              const std::vector<float>& d_y) {
  const auto doubles = [](const auto& from) { return std::vector<double>(from.begin(), from.end()); };
  const auto floats = [](const std::vector<double>& from) { return std::vector<float>(from.begin(), from.end()); };
  std::vector<Parameter*> parameters = layer.parameters();
  const std::vector<double> w(parameters[0]->value.begin(), parameters[0]->value.end());
  std::vector<double> in = doubles(x), d_out = doubles(d_y), y(d_y.size()), d_x(x.size()), d_w(w.size()), d_b;
  const size_t inputs = x.size() / rows, outputs = d_y.size() / rows;
  for (uint32_t row = 0; row < rows; ++row) {
    const double *const x_row = in.data() + row * inputs, *const d_row = d_out.data() + row * outputs;
    if (transposed) {
      conv_scatter(g, x_row, w.data(), y.data() + row * outputs);
      conv_gather(g, d_row, w.data(), d_x.data() + row * inputs);
      conv_outer(g, d_row, x_row, d_w.data());
    } else {
      conv_gather(g, x_row, w.data(), y.data() + row * outputs);
      conv_scatter(g, d_row, w.data(), d_x.data() + row * inputs);
      conv_outer(g, x_row, d_row, d_w.data());
    }
  }
  if (parameters.size() > 1) {
    d_b.resize(parameters[1]->size());
    for (size_t i = 0; i < y.size(); ++i) {
      y[i] += parameters[1]->value[i % d_b.size()];
      d_b[i % d_b.size()] += d_out[i];
    }
  }
  return {floats(y), floats(d_x), floats(d_w), floats(d_b)};
}

void check_near(const char* what, const std::vector<float>& found, const std::vector<float>& expected, double terms) {
  CHECK(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    if (!(std::fabs(found[i] - expected[i]) <= 1e-6 * terms)) {
      failed(what, static_cast<int>(i), format("%.9g, expected %.9g", double(found[i]), double(expected[i])));
    }
  }
}

struct Case {
  const char* settings;
  std::initializer_list<uint32_t> input;
};

const Case kCases[] = {
    {"\"conv1d\", \"channels\": 3, \"kernel\": 3", {2, 9}},
    {"\"conv1d\", \"channels\": 1, \"kernel\": 1", {1, 1}},
    {"\"conv1d\", \"channels\": 5, \"kernel\": 31, \"padding\": \"same\"", {40}},
    {"\"conv1d\", \"channels\": 4, \"kernel\": 4, \"padding\": \"same\", \"stride\": 2", {3, 11}},
    {"\"conv1d\", \"channels\": 6, \"kernel\": 3, \"dilation\": 3, \"padding\": 2, \"stride\": 2", {4, 17}},
    {"\"conv1d\", \"channels\": 4, \"kernel\": 5, \"groups\": 2, \"padding\": 4, \"bias\": false", {6, 10}},
    {"\"conv1d\", \"channels\": 70, \"kernel\": 7, \"padding\": 3", {65, 30}},
    {"\"conv1d\", \"channels\": 16, \"kernel\": 64, \"stride\": 3", {2, 700}},
    {"\"conv1d\", \"channels\": 6, \"kernel\": 3, \"groups\": 6, \"stride\": 4, \"padding\": 9", {6, 20}},
    {"\"conv1d\", \"channels\": 2, \"kernel\": 2, \"stride\": 5", {2, 12}},
    {"\"conv1d\", \"channels\": 5, \"kernel\": 3, \"dilation\": 3, \"padding\": 2", {20, 17}},
    {"\"conv1d\", \"channels\": 5, \"kernel\": 3, \"padding\": 9", {16, 8}},
    {"\"conv1d\", \"channels\": 4, \"kernel\": 2, \"stride\": 3", {17, 12}},
    {"\"conv1d\", \"channels\": 4, \"kernel\": 7, \"stride\": 3, \"padding\": \"same\"", {17, 23}},
    {"\"conv1d\", \"channels\": 3, \"kernel\": 4, \"stride\": 4, \"padding\": 3", {16, 1}},
    {"\"conv2d\", \"channels\": 4, \"kernel\": 3, \"padding\": \"same\", \"dilation\": [1, 2]", {33, 9, 8}},
    {"\"conv_transpose2d\", \"channels\": 64, \"kernel\": [3, 2], \"padding\": 1, \"groups\": 2", {6, 5, 4}},
    {"\"conv2d\", \"channels\": 3, \"kernel\": 3", {2, 5, 6}},
    {"\"conv2d\", \"channels\": 4, \"kernel\": [3, 2], \"stride\": [2, 1], \"padding\": [1, 0]", {3, 7, 8}},
    {"\"conv2d\", \"channels\": 8, \"kernel\": 3, \"padding\": \"same\", \"dilation\": [1, 2]", {4, 9, 9}},
    {"\"conv2d\", \"channels\": 70, \"kernel\": 1", {66, 6, 5}},
    {"\"conv2d\", \"channels\": 6, \"kernel\": [1, 3], \"groups\": 3, \"stride\": 2", {3, 7, 7}},
    {"\"conv2d\", \"channels\": 16, \"kernel\": 5, \"padding\": 2, \"stride\": 2, \"groups\": 2", {32, 28, 27}},
    {"\"conv2d\", \"channels\": 5, \"kernel\": [4, 1], \"padding\": [3, 2]", {1, 3, 3}},
    {"\"conv2d\", \"channels\": 3, \"kernel\": 2, \"stride\": 2", {2, 6, 6}},
    {"\"conv_transpose1d\", \"channels\": 3, \"kernel\": 4, \"stride\": 2, \"padding\": 1", {2, 9}},
    {"\"conv_transpose1d\", \"channels\": 1, \"kernel\": 31, \"padding\": 15", {32, 40}},
    {"\"conv_transpose1d\", \"channels\": 4, \"kernel\": 3, \"stride\": 3, \"output_padding\": 2, \"padding\": 1",
     {11}},
    {"\"conv_transpose1d\", \"channels\": 6, \"kernel\": 3, \"dilation\": 4, \"groups\": 2, \"output_padding\": 3",
     {4, 8}},
    {"\"conv_transpose1d\", \"channels\": 3, \"kernel\": 2, \"stride\": 5, \"output_padding\": 4, \"bias\": false",
     {2, 5}},
    {"\"conv_transpose1d\", \"channels\": 9, \"kernel\": 3, \"padding\": 3", {2, 7}},
    {"\"conv_transpose1d\", \"channels\": 32, \"kernel\": 4, \"stride\": 2, \"padding\": 1, \"groups\": 2", {6, 9}},
    {"\"conv_transpose1d\", \"channels\": 16, \"kernel\": 3, \"stride\": 3, \"output_padding\": 2", {3, 8}},
    {"\"conv_transpose2d\", \"channels\": 3, \"kernel\": 4, \"stride\": 2, \"padding\": 1", {4, 7, 7}},
    {"\"conv_transpose2d\", \"channels\": 4, \"kernel\": [3, 1], \"stride\": [1, 3], \"output_padding\": [0, 2]",
     {2, 4, 3}},
    {"\"conv_transpose2d\", \"channels\": 6, \"kernel\": 3, \"dilation\": 2, \"groups\": 3, \"padding\": 2", {6, 5, 4}},
    {"\"conv_transpose2d\", \"channels\": 16, \"kernel\": 3, \"stride\": 2, \"padding\": 1, \"output_padding\": 1",
     {66, 9, 14}},
};

std::string text(const Case& c) { return std::string("{\"kind\": ") + c.settings + "}"; }

}  // namespace

TEST(convolution_formulas_have_their_gradients) {
  for (const Case& c : kCases) {
    Room room;
    const MadeLayer made(room.products, text(c), shape_of(c.input));
    const ConvGeometry g = geometry_of(made);
    if (g.weights() > 500) continue;
    auto x = random_values<double>(g.wide_size(), 1), w = random_values<double>(g.weights(), 2);
    const auto c_y = random_values<double>(g.narrow_size(), 3);
    std::vector<double> y(c_y.size()), d_x(x.size()), d_w(w.size());
    conv_scatter(g, c_y.data(), w.data(), d_x.data());
    conv_outer(g, x.data(), c_y.data(), d_w.data());
    const auto loss = [&] {
      std::fill(y.begin(), y.end(), 0.0);
      conv_gather(g, x.data(), w.data(), y.data());
      return weighted(c_y, y.data());
    };
    check_gradient("x", x.data(), d_x.data(), d_x.size(), 0.5, 1e-12, loss);
    check_gradient("w", w.data(), d_w.data(), d_w.size(), 0.5, 1e-12, loss);
  }
}

TEST(convolutions_equal_the_plain_loops_on_every_instruction_set) {
  size_t tables = 0;
  const Kernels* const* const all = available_kernels(&tables);
  for (size_t t = 0; t < tables; ++t) {
    for (const Case& c : kCases) {
      Room room(2, *all[t]);
      const uint32_t rows = 3;
      MadeLayer made(room.products, text(c), shape_of(c.input));
      start(*made, rows, 4);
      const ConvGeometry g = geometry_of(made);
      const auto x = random_values<float>(rows * made.input.size(), 5);
      const auto d_y = random_values<float>(rows * made.output.size(), 6);
      const Results expected = plain(g, transposed(made), rows, *made, x, d_y), found = run(*made, rows, x, d_y);
      check_near(c.settings, found.y, expected.y, 10 + double(g.depth()));
      check_near(c.settings, found.d_x, expected.d_x, 10 + double(g.filters * g.taps()));
      check_near(c.settings, found.d_w, expected.d_w, 10 + double(rows * g.places()));
      check_near(c.settings, found.d_b, expected.d_b, 10 + double(rows * g.wide_places()));
      const Results twice = run(*made, rows, x, d_y);  // gradients are added to
      for (size_t i = 0; i < twice.d_w.size(); ++i) CHECK_CLOSE(twice.d_w[i], 2 * found.d_w[i], 0);
      for (size_t i = 0; i < twice.d_b.size(); ++i) CHECK_CLOSE(twice.d_b[i], 2 * found.d_b[i], 0);
    }
  }
}

TEST(convolutions_bits_do_not_depend_on_threads) {
  for (const Case& c : kCases) {
    std::vector<float> first;
    for (const unsigned threads : {1u, 2u, 5u}) {
      Room room(threads);
      const uint32_t rows = 37;
      MadeLayer made(room.products, text(c), shape_of(c.input));
      start(*made, rows, 4);
      const auto x = random_values<float>(rows * made.input.size(), 5);
      const auto d_y = random_values<float>(rows * made.output.size(), 6);
      const Results r = run(*made, rows, x, d_y);
      std::vector<float> all;
      for (const auto* part : {&r.y, &r.d_x, &r.d_w, &r.d_b}) all.insert(all.end(), part->begin(), part->end());
      if (first.empty()) first = all;
      CHECK(!all.empty() && all == first);
    }
  }
}

// A function beside a convolution, y = 2 x and d_x = 2 d_y: exact, so that the two ways have the same bits.
TEST(convolutions_apply_their_neighbours) {
  struct Twice final : Elementwise {
    void apply(size_t n, const float* x, float* y) const noexcept override {
      for (size_t i = 0; i < n; ++i) y[i] = 2 * x[i];
    }
    void apply_backward(size_t n, const float*, const float* d_y, float* d_x) const noexcept override {
      for (size_t i = 0; i < n; ++i) d_x[i] = 2 * d_y[i];
    }
  };
  for (const Case& c : kCases) {
    Room room(2);
    const uint32_t rows = 3;
    MadeLayer made(room.products, text(c), shape_of(c.input));
    start(*made, rows, 4);
    const auto x = random_values<float>(rows * made.input.size(), 5);
    const auto d_y = random_values<float>(rows * made.output.size(), 6);
    const Results alone = run(*made, rows, x, d_y);
    std::vector<float> y(d_y.size()), z(d_y.size()), d_x(x.size());
    const Twice twice;
    const Pass pass{.rows = rows, .training = true};
    made->forward_with(pass, x.data(), y.data(), {&twice, z.data()});
    made->backward_with(pass, x.data(), d_y.data(), d_x.data(), {&twice, x.data()});
    CHECK(y == alone.y);
    for (size_t i = 0; i < z.size(); ++i) CHECK_CLOSE(z[i], 2 * y[i], 0);
    for (size_t i = 0; i < d_x.size(); ++i) CHECK_CLOSE(d_x[i], 2 * alone.d_x[i], 0);
    made->backward(pass, x.data(), d_y.data(), nullptr);  // a first layer's
  }
}

// Whole numbers, small enough for exact sums in any order.
TEST(convolutions_equal_pytorch) {
  constexpr uint32_t kRows = 2;
  size_t compared = 0;
  for (const Golden& golden : kGolden) {
    Room room;
    Shape input{0, {}};
    for (const uint32_t size : golden.input) {
      if (size != 0) input.sizes[input.dimensions++] = size;
    }
    MadeLayer made(room.products, golden.settings, input);
    made->reserve(kRows);
    // Channels first, as PyTorch has them; values by place: ((place * 7 + salt) mod 11) - 5.
    const auto value = [](size_t place, size_t salt) { return static_cast<float>((place * 7 + salt) % 11) - 5; };
    size_t salt = 3;
    for (Parameter* p : made->parameters()) {
      p->allocate(0);
      for (size_t i = 0; i < p->size(); ++i) p->value[i] = value(i, salt);
      ++salt;
    }
    const auto filled = [&](const Shape& shape, size_t with) {
      std::vector<float> first(kRows * shape.size()), last(first.size());
      for (size_t i = 0; i < first.size(); ++i) first[i] = value(i, with);
      for (size_t row = 0; row < kRows; ++row) {
        to_channels_last(shape, first.data() + row * shape.size(), last.data() + row * shape.size());
      }
      return last;
    };
    const Results r = run(*made, kRows, filled(made.input, 1), filled(made.output, 2));
    const auto same = [&](const char* what, const std::vector<float>& found, const Shape* shape, const Sums& expected) {
      std::vector<float> first = found;
      for (size_t row = 0; shape != nullptr && row < kRows; ++row) {
        to_channels_first(*shape, found.data() + row * shape->size(), first.data() + row * shape->size());
      }
      double weighted = 0, squares = 0;
      for (size_t i = 0; i < first.size(); ++i) {
        weighted += first[i] * static_cast<double>(i % 97 + 1);
        squares += double(first[i]) * first[i];
      }
      if (weighted != expected.weighted || squares != expected.squares || first.size() != expected.size) {
        failed(golden.settings, static_cast<int>(compared), what);
      }
      ++compared;
    };
    same("y", r.y, &made.output, golden.y);
    same("d_x", r.d_x, &made.input, golden.d_x);
    same("d_w", r.d_w, nullptr, golden.d_w);
    same("d_b", r.d_b, nullptr, golden.d_b);
  }
  CHECK(compared > 80);
}

TEST(convolutions_refuse_what_cannot_be) {
  Room room;
  const auto refused = [&](const char* settings, const Shape& input, const char* wanted) {
    try {
      const MadeLayer made(room.products, std::string("{\"kind\": ") + settings + "}", input);
      failed(settings, 0, "was not refused");
    } catch (const Error& error) {
      if (std::string(error.what()).find(wanted) != 0) failed(settings, 0, error.what());
    }
  };
  const Shape signal = Shape::signal(4, 9), image = Shape::image(4, 9, 9);
  refused("\"conv1d\", \"channels\": 3", signal, "layer.kernel: is missing");
  refused("\"conv1d\", \"channels\": 3, \"kernel\": 65", signal, "layer.kernel: must be in [1, 64], got 65");
  refused("\"conv1d\", \"channels\": 3, \"kernel\": 10", signal,
          "layer.kernel: spans 10 values, but the input with its padding has 9; add padding");
  refused("\"conv1d\", \"channels\": 3, \"kernel\": 3", image, "layer.kernel: needs rows of shape [channels, length]");
  refused("\"conv2d\", \"channels\": 3, \"kernel\": 3", Shape::flat(81),
          "layer.kernel: needs rows of shape [channels,");
  refused("\"conv2d\", \"channels\": 3, \"kernel\": [3, 3, 3]", image,
          "layer.kernel: must be one number, or a list of 2, got 3");
  refused("\"conv1d\", \"channels\": 4, \"kernel\": 3, \"groups\": 3", signal,
          "layer.groups: must divide the 4 input channels, got 3");
  refused("\"conv1d\", \"channels\": 6, \"kernel\": 3, \"groups\": 4", signal,
          "layer.groups: must divide the 6 output channels, got 4");
  refused("\"conv_transpose1d\", \"channels\": 4, \"kernel\": 3, \"stride\": 2, \"output_padding\": 2", signal,
          "layer.output_padding: must be less than the stride or the dilation, 2 and 1, got 2");
  refused("\"conv_transpose1d\", \"channels\": 4, \"kernel\": 3, \"padding\": 6", signal,
          "layer.padding: takes 12 values off an output of 11");
  refused("\"conv_transpose2d\", \"channels\": 4, \"kernel\": 3, \"padding\": \"same\"", image,
          "layer.padding: must be");
}

TEST(convolution_starts_and_shapes_are_pytorchs) {
  Room room;
  const auto specs = [](const MadeLayer& made) {
    return made.spec.type->tensors(made.spec.settings, made.input, made.output);
  };
  const MadeLayer conv(room.products, "{\"kind\": \"conv2d\", \"channels\": 8, \"kernel\": [3, 5], \"groups\": 2}",
                       Shape::image(4, 9, 9));
  CHECK((specs(conv)[0].sizes == std::vector<uint32_t>{8, 2, 3, 5}));
  CHECK(specs(conv)[0].fan_in == 2 * 15 && specs(conv)[0].fan_out == 8 * 15 && specs(conv)[1].fan_in == 2 * 15);
  CHECK(conv.output == Shape::image(8, 7, 5));
  const MadeLayer back(room.products,
                       "{\"kind\": \"conv_transpose1d\", \"channels\": 6, \"kernel\": 4, \"groups\": 2, \"stride\": 2}",
                       Shape::signal(8, 10));
  CHECK((specs(back)[0].sizes == std::vector<uint32_t>{8, 3, 4}));
  CHECK(specs(back)[0].fan_in == 3 * 4 && specs(back)[0].fan_out == 8 * 4);
  CHECK((specs(back)[1].sizes == std::vector<uint32_t>{6}));
  CHECK(back.output == Shape::signal(6, 22));
}
