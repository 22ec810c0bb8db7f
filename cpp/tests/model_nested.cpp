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
