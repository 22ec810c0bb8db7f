// Networks with shapes, and with layers within layers: tensors by name, starting weights, plain ends.
#include <cmath>

#include "check.h"
#include "dense_form.h"
#include "memory_source.h"
#include "model/network.h"
#include "network_text.h"

using namespace nrw;
using namespace nrw::check;

namespace {

std::vector<float> values_of(Network& network, const std::string& name) {
  for (const Tensor& tensor : network.tensors()) {
    if (tensor.name != name || tensor.role != NRW_ROLE_PARAMETER) continue;
    std::vector<float> values(tensor.first_dimension() * tensor.row_bytes() / sizeof(float));
    read_rows(network.pool(), tensor, 0, tensor.first_dimension(), reinterpret_cast<uint8_t*>(values.data()));
    return values;
  }
  throw Error(NRW_INTERNAL, "no tensor " + name);
}

}  // namespace

// What a layer within a layer gives is what makes the outer one's result: f(a) + b, x and f(x), x + f(x) within that.
TEST(network_gives_what_layers_within_layers_give) {
  const std::string residual = layer("residual", "\"layers\": [" + layer("tanh") + "]");
  const Plan plan = make_plan(
      10, {linear(9), layer("shortcut", "\"size\": 4, \"layers\": [" + layer("relu") + ", " + linear(4) + "]")},
      {layer("unflatten", "\"shape\": [2, 2]"), layer("dense_skip", "\"layers\": [" + residual + "]"), layer("flatten"),
       linear(10)},
      true);
  Network network(plan, {}, Reduction::kMean, 7, 2);
  MemorySource source = MemorySource::random(6, 10, 0.5, 5);
  constexpr size_t kRows = 5;
  // In another order than that of the pass.
  const std::vector<std::string> names = {"decoder.1.layers.0.layers.0", "encoder.1",          "decoder.1",
                                          "encoder.1.layers.1",          "decoder.1.layers.0", "encoder.0",
                                          "encoder.1.layers.0"};
  const std::vector<LayerValues> wanted = network.values(names);
  size_t width = 0;
  std::vector<size_t> begin;
  for (const LayerValues& each : wanted) {
    begin.push_back(width);
    width += each.count;
  }
  CHECK(width == 4 + 4 + 8 + 4 + 4 + 9 + 5);
  std::vector<float> out(kRows * width);
  network.layer_outputs(dense_form(*source.next()), wanted, kRows, out.data());
  size_t compared = 0;
  for (size_t row = 0; row < kRows; ++row) {
    const auto of = [&](size_t which, size_t i) { return out[row * width + begin[which] + i]; };
    for (size_t i = 0; i < 5; ++i) CHECK(of(6, i) == std::max(0.0f, of(5, i)));
    for (size_t i = 0; i < 4; ++i, ++compared) {
      CHECK(of(1, i) == of(3, i) + of(5, 5 + i));
      CHECK_CLOSE(of(0, i), std::tanh(of(1, i)), 1e-6);
      CHECK(of(4, i) == of(1, i) + of(0, i));
      CHECK(of(2, i) == of(1, i) && of(2, 4 + i) == of(4, i));  // channels first
    }
  }
  CHECK(compared == 20);
  for (const char* name : {"encoder.2", "encoder.1.layers.2", "encoder.1.layers.", "encoder.1.layers.0.layers.0",
                           "encoder.1.layers.0x", "encoder.0.layers.0", "encoder.10", "encoder.1.neurons", ""}) {
    const std::vector<std::string> one = {name};
    CHECK_THROWS(network.values(one), NRW_INVALID_ARGUMENT);
  }
  const std::vector<std::string> output = {"decoder.3"};
  CHECK_THROWS(network.values(output), NRW_UNSUPPORTED);
}

TEST(network_sets_noise_of_layers_within_layers) {
  const auto inner = [](double rate) {
    return layer("residual", "\"layers\": [" + layer("dropout", format("\"rate\": %g", rate)) + ", " +
                                 layer("residual", "\"layers\": [" + linear(6) + "]") + "]");
  };
  const auto loss = [&](double rate, double set) {
    Network network(make_plan(20, {linear(6), inner(rate)}, {linear(20)}, true), {}, Reduction::kMean, 3, 2);
    if (set >= 0) network.set_noise("encoder.1.layers.0", set);
    MemorySource source = MemorySource::random(20, 20, 0.5, 20);
    return network.train(dense_form(*source.next()), 0.01, 1).loss;
  };
  CHECK(loss(0.1, 0.6) == loss(0.6, -1));
  CHECK(loss(0.1, -1) != loss(0.6, -1));
  CHECK_THROWS(loss(0.1, 1), NRW_INVALID_ARGUMENT);
  Network network(make_plan(20, {linear(6), inner(0.1)}, {linear(20)}, true), {}, Reduction::kMean, 3, 2);
  CHECK_THROWS(network.set_noise("encoder.1", 0.5), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(network.set_noise("encoder.1.layers.1.layers.0", 0.5), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(network.set_noise("encoder.1.layers.7", 0.5), NRW_INVALID_ARGUMENT);
}

TEST(network_names_and_starts_tensors_of_inner_layers) {
  const std::string inner = "\"layers\": [" + linear(6, 0, "\"init\": {\"normal\": 0.001}") + ", " + layer("prelu") +
                            ", " + layer("residual", "\"layers\": [" + linear(6, 0, "\"init\": \"zeros\"") + "]") + "]";
  const Plan plan = make_plan(20, {linear(6), layer("residual", inner)}, {linear(20)}, true);
  Network network(plan, {}, Reduction::kMean, 3, 2);
  size_t drawn = 0;
  for (const float value : values_of(network, "encoder.1.layers.0.weight")) {
    CHECK(std::fabs(value) < 0.006f);
    drawn += value != 0;
  }
  CHECK(drawn == 36);
  CHECK(values_of(network, "encoder.1.layers.1.weight") == std::vector<float>(1, 0.25f));
  CHECK(values_of(network, "encoder.1.layers.2.layers.0.weight") == std::vector<float>(36, 0));
  CHECK(plan.layers[1].parameters() == 2 * (36 + 6) + 1);
}

// Every layer that takes shapes, trained with all that a step does, on any number of threads.
TEST(network_of_shapes_learns_with_the_same_bits_on_any_number_of_threads) {
  const auto trained = [](unsigned threads) {
    const std::string inner = "\"layers\": [" + layer("group_norm", "\"groups\": 2") + ", " + layer("softplus") + "]";
    const Plan plan = make_plan(
        48,
        {layer("unflatten", "\"shape\": [2, 4, 6]"), layer("max_pool2d", "\"kernel\": 2"), layer("dense_skip", inner),
         layer("layer_norm"), layer("flatten"), linear(12)},
        {layer("unflatten", "\"shape\": [4, 3]"), layer("instance_norm", "\"affine\": true"),
         layer("prelu", "\"slopes\": \"channel\""), layer("upsample1d", "\"factor\": 4, \"mode\": \"linear\""),
         layer("average_pool1d", "\"kernel\": 3, \"stride\": 1, \"padding\": 1"),
         layer("residual", "\"layers\": [" + layer("softmax") + "]"), layer("flatten"), linear(48)},
        true);
    Network network(plan, {}, Reduction::kMean, 5, threads);
    MemorySource source = MemorySource::random(60, 48, 0.5, 20);
    std::vector<float> all;
    for (uint64_t t = 1; t <= 60; ++t) {
      const Batch* batch = source.next();
      if (batch == nullptr) {
        source.rewind();
        batch = source.next();
      }
      all.push_back(static_cast<float>(network.train(dense_form(*batch), 0.01, t).loss));
    }
    return all;
  };
  const auto one = trained(1);
  CHECK(trained(2) == one && trained(5) == one);
  CHECK(one.back() < 0.8f * one.front());
}
