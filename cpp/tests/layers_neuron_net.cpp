#include "layers/neuron_net.h"

#include "neuron_wirings.h"

using namespace nrw;
using namespace nrw::check;

namespace {

struct Case {
  const char* text;
  Shape input;
};

const Case kCases[] = {
    {R"({"kind": "neuron_graph", "size": 3, "neurons": 11, "rounds": 4, "fan_in": 4, "input_fan_in": 3})",
     Shape::flat(7)},
    {R"({"kind": "neuron_graph", "size": [2, 2, 3], "neurons": 40, "rounds": 3, "fan_in": 6, "reach": 4, "far": 0.2,
         "activation": "sigmoid"})",
     Shape::image(2, 3, 4)},
    {R"({"kind": "neuron_graph", "size": 5, "neurons": 70, "rounds": 1, "fan_in": 3, "input_fan_in": 9})",
     Shape::flat(9)},
    {R"({"kind": "neuron_graph", "size": 60, "neurons": 60, "rounds": 2, "fan_in": 9, "activation": "leaky_relu"})",
     Shape::flat(20)},
    {R"({"kind": "neuron_layers", "size": 4, "shapes": [[5, 4], [3, 2, 2], 6], "rounds": 5, "next": [1, 1]})",
     Shape::image(2, 5, 4)},
    {R"({"kind": "neuron_layers", "size": [2, 3], "shapes": [[3, 4], [4, 3]], "rounds": 6, "input": 5, "previous": [2, 3],
         "same": 3, "next": 2, "feedback": "all", "output": [2, 2], "input_to": "all", "output_from": "all",
         "activation": "relu"})",
     Shape::signal(3, 4)},
};

constexpr uint32_t kRows = 21;

std::vector<double> doubles(auto&& from) { return {from.begin(), from.end()}; }

}  // namespace

TEST(neuron_objects_have_their_gradients) {
  for (const Case& c : kCases) {
    if (std::string(c.text).find("\"relu\"") != std::string::npos) continue;  // its slope jumps
    Room room;
    const MadeLayer made(room.products, c.text, c.input);
    start(*made, 1, 4);
    const Wiring wiring =
        wiring_of(*made, static_cast<uint32_t>(c.input.size()), last_neurons(*made, made.output.size()));
    NeuronObjects<double> objects(wiring, made.spec.settings.count("rounds"), neuron_activation(made.spec.settings));
    take_weights(objects, *made);
    auto x = random_values<double>(c.input.size(), 1);
    const auto c_y = random_values<double>(made.output.size(), 2);
    std::vector<double> y(c_y.size()), d_x(x.size());
    const auto loss = [&] {
      objects.forward(x.data(), y.data());
      return weighted(c_y, y.data());
    };
    loss();
    objects.backward(c_y.data(), d_x.data());
    check_gradient("x", x.data(), d_x.data(), d_x.size(), 1e-5, 1e-7, loss);
    objects.each_connection([&](auto& connection, uint64_t) {
      const double h = 1e-5, before = connection.weight;
      connection.weight = before + h;
      const double up = loss();
      connection.weight = before - h;
      const double down = loss();
      connection.weight = before;
      CHECK_CLOSE(connection.gradient, (up - down) / (2 * h), 1e-7);
    });
    for (uint32_t n = 0; n < wiring.neurons; ++n) {
      double& bias = objects.neuron(n).bias;
      const double h = 1e-5, before = bias;
      bias = before + h;
      const double up = loss();
      bias = before - h;
      const double down = loss();
      bias = before;
      CHECK_CLOSE(objects.neuron(n).bias_gradient, (up - down) / (2 * h), 1e-7);
    }
  }
}

TEST(neuron_net_equals_the_objects_on_every_instruction_set) {
  size_t tables = 0;
  const Kernels* const* const all = available_kernels(&tables);
  for (size_t t = 0; t < tables; ++t) {
    for (const Case& c : kCases) {
      ThreadPool pool(2);
      Products products(*all[t], pool);
      const MadeLayer made(products, c.text, c.input);
      start(*made, kRows, 4);
      const size_t inputs = c.input.size(), outputs = made.output.size();
      const auto x = random_values<float>(kRows * inputs, 5), d_y = random_values<float>(kRows * outputs, 6);
      std::vector<float> y(d_y.size()), d_x(x.size());
      const Pass pass{.rows = kRows, .training = true};
      pack_and_forward(*made, pass, x.data(), y.data());
      made->backward(pass, x.data(), d_y.data(), d_x.data());

      const Wiring wiring = wiring_of(*made, static_cast<uint32_t>(inputs), last_neurons(*made, outputs));
      NeuronObjects<double> objects(wiring, made.spec.settings.count("rounds"), neuron_activation(made.spec.settings));
      take_weights(objects, *made);
      std::vector<float> first(inputs), last(outputs);
      std::vector<double> right(outputs), right_x(inputs);
      for (size_t row = 0; row < kRows; ++row) {
        to_channels_first(c.input, x.data() + row * inputs, first.data());
        objects.forward(doubles(first).data(), right.data());
        to_channels_first(made.output, y.data() + row * outputs, last.data());
        for (size_t o = 0; o < outputs; ++o) CHECK_CLOSE(last[o], right[o], 1e-5);
        to_channels_first(made.output, d_y.data() + row * outputs, last.data());
        objects.backward(doubles(last).data(), right_x.data());
        to_channels_first(c.input, d_x.data() + row * inputs, first.data());
        for (size_t i = 0; i < inputs; ++i) CHECK_CLOSE(first[i], right_x[i], 1e-4);
      }
      const auto parameters = made->parameters();
      objects.each_connection(
          [&](auto& connection, uint64_t k) { CHECK_CLOSE(parameters[0]->gradient[k], connection.gradient, 2e-4); });
      for (uint32_t n = 0; n < wiring.neurons; ++n) {
        CHECK_CLOSE(parameters[1]->gradient[n], objects.neuron(n).bias_gradient, 2e-4);
      }
    }
  }
}

TEST(neuron_net_gradients_add_up_and_are_slopes) {
  for (const Case& c : kCases) {
    if (std::string(c.text).find("elu\"") != std::string::npos) continue;
    Room room;
    const MadeLayer made(room.products, c.text, c.input);
    start(*made, 3, 4);
    check_layer_gradients(made, {.rows = 3, .factor = 1}, random_values<float>(3 * c.input.size(), 7), 0.01, 3e-3);
  }
}

TEST(neuron_net_bits_do_not_depend_on_threads) {
  for (const Case& c : kCases) check_threads(c.text, c.input, 53);
  check_threads(
      R"({"kind": "neuron_graph", "size": 32, "neurons": 700, "rounds": 4, "fan_in": 12, "reach": 20, "far": 0.1})",
      Shape::flat(64), 70);
  check_threads(R"({"kind": "neuron_layers", "size": 16, "shapes": [[16, 16], [2, 8, 8]], "rounds": 5, "next": 5})",
                Shape::image(1, 16, 16), 70);
}

// Rows beside each other do not meet, and rows of an evaluation are those of training.
TEST(neuron_net_rows_do_not_depend_on_their_batch) {
  for (const Case& c : kCases) {
    Room room;
    const MadeLayer made(room.products, c.text, c.input);
    start(*made, kRows, 4);
    const size_t inputs = c.input.size(), outputs = made.output.size();
    const auto x = random_values<float>(kRows * inputs, 5);
    std::vector<float> all(kRows * outputs), one(outputs), training(kRows * outputs);
    pack_and_forward(*made, {.rows = kRows}, x.data(), all.data());
    pack_and_forward(*made, {.rows = kRows, .training = true}, x.data(), training.data());
    CHECK(all == training);
    for (size_t row = 0; row < kRows; ++row) {
      pack_and_forward(*made, {.rows = 1}, x.data() + row * inputs, one.data());
      for (size_t o = 0; o < outputs; ++o) CHECK(one[o] == all[row * outputs + o]);
    }
  }
}

// Adam, four steps: with the weights updated within the backward pass, and afterwards.
TEST(neuron_net_updates_within_the_backward_pass_are_the_same_bits) {
  for (const Case& c : kCases) {
    std::vector<float> first;
    double squares_first = 0;
    for (const bool within : {false, true}) {
      for (const unsigned threads : {1u, 3u}) {
        Room room(threads);
        const MadeLayer made(room.products, c.text, c.input);
        made->reserve(kRows);
        uint64_t seed = 4;
        for (Parameter* p : made->parameters()) {
          p->allocate(2);
          const auto values = random_values<float>(p->size(), seed++);
          std::copy(values.begin(), values.end(), p->value.begin());
        }
        const auto x = random_values<float>(kRows * c.input.size(), 5);
        std::vector<float> y(kRows * made.output.size()), d_x(x.size());
        double squares = 0;
        for (uint64_t t = 1; t <= 4; ++t) {
          OptimizerStep step{.kind = OptimizerKind::kAdam, .learning_rate = 0.01f, .step = double(t)};
          step.bias_correction1 = static_cast<float>(1 - std::pow(0.9, double(t)));
          step.bias_correction2_sqrt = static_cast<float>(std::sqrt(1 - std::pow(0.999, double(t))));
          const Pass pass{.rows = kRows, .training = true, .step = t};
          made->update_within(within ? &step : nullptr);
          for (Parameter* p : made->parameters()) p->gradient.zero();
          pack_and_forward(*made, pass, x.data(), y.data());
          made->backward(pass, x.data(), y.data(), d_x.data());
          squares = made->squares_within();
          for (Parameter* p : made->parameters()) {
            if (p->updated_within) continue;
            squares += room.products.kernels().sum_squares(p->size(), p->gradient.data());
            room.products.kernels().update(p->size(), step, p->gradient.data(), p->value.data(), p->moment1.data(),
                                           p->moment2.data());
          }
        }
        std::vector<float> all = y;
        all.insert(all.end(), d_x.begin(), d_x.end());
        for (Parameter* p : made->parameters()) {
          all.insert(all.end(), p->value.begin(), p->value.end());
          all.insert(all.end(), p->moment2.begin(), p->moment2.end());
        }
        if (first.empty()) {
          first = all;
          squares_first = squares;
        }
        CHECK(all == first && squares > 0);
        CHECK_CLOSE(squares, squares_first, 1e-9 * squares);
      }
    }
  }
}

TEST(neuron_net_tensors) {
  Room room;
  const MadeLayer made(room.products, kCases[0].text, kCases[0].input);
  const auto specs = made.spec.type->tensors(made.spec.settings, made.input, made.output);
  CHECK(specs.size() == 2 && specs[0].name == "weight" && specs[0].sizes == std::vector<uint32_t>{77});
  CHECK(specs[1].name == "bias" && specs[1].sizes == std::vector<uint32_t>{11});
  CHECK(specs[0].fan_in == 7 && specs[1].fan_in == 7);
  const Buffer& edges = *made->buffers()[0];
  CHECK(edges.name == "edge_index" && (edges.sizes == std::vector<uint32_t>{2, 77}));
  // By target, and within one by source.
  for (size_t k = 1; k < 77; ++k) {
    CHECK(edges.value[77 + k] > edges.value[77 + k - 1] ||
          (edges.value[77 + k] == edges.value[77 + k - 1] && edges.value[k] > edges.value[k - 1]));
  }
}

// A network that grows without bounds where the row does not hold it back: rows of zeros would be infinite, and others
// beside them in a register are not.
TEST(neuron_net_computes_nothing_behind_the_rows) {
  Room room;
  const MadeLayer made(
      room.products,
      R"({"kind": "neuron_graph", "size": 1, "neurons": 2, "rounds": 400, "fan_in": 1, "input_fan_in": 1,
                           "activation": "relu"})",
      Shape::flat(1));
  start(*made, 3, 4);
  for (float& w : made->parameters()[0]->value) w = 2;
  for (float& b : made->parameters()[1]->value) b = 1;
  const std::vector<float> x(3, -1), d_y(3, 1);  // 2 x + b is below 0: every neuron rests
  std::vector<float> y(3), d_x(3);
  const Pass pass{.rows = 3, .training = true};
  pack_and_forward(*made, pass, x.data(), y.data());
  made->backward(pass, x.data(), d_y.data(), d_x.data());
  for (const float value : y) CHECK(value == -1);
  for (const float gradient : parameter_gradients(*made)) CHECK(std::isfinite(gradient));
}
