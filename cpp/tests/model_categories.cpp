// Networks whose layers need the categories of rows.
#include "base/float_mode.h"
#include "check.h"
#include "dense_form.h"
#include "memory_source.h"
#include "model/network.h"
#include "network_state.h"
#include "network_text.h"

using namespace nrw;
using namespace nrw::check;

namespace {

constexpr uint32_t kColumns = 9;

Plan plan_of(const std::string& more = "\"categories\": 3") {
  const std::string covariate = layer("covariate", "\"categories\": \"data\"");
  return make_plan(kColumns, {linear(5), layer("tanh"), linear(2)},
                   {linear(5), covariate, layer("tanh"), linear(kColumns)}, false, more);
}

std::string refused(const std::string& more) {
  try {
    plan_of(more);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void categorise(Batch& batch, const std::vector<uint32_t>& categories) {
  batch.categorised = true;
  batch.row_category.reserve(categories.size());
  std::copy(categories.begin(), categories.end(), batch.row_category.begin());
}

}  // namespace

TEST(network_with_categories) {
  const FlushToZero mode;
  const Plan plan = plan_of();
  CHECK(plan.needs_categories && !plan.encoder_needs_categories && plan.layers[4].parameters() == 15);
  Network network(plan, {}, Reduction::kMean, 1, 2);
  MemorySource source = MemorySource::random(6, kColumns, 0.5, 6);
  SparseBatch& batch = source.batch(0);
  network.embed(batch);  // the encoder does without them
  CHECK_THROWS(network.train(batch, 0.01, 1), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(network.evaluate(batch, nullptr), NRW_INVALID_ARGUMENT);
  categorise(batch, {0, 1, 2, 3, 0, 1});
  CHECK_THROWS(network.train(batch, 0.01, 1), NRW_INVALID_ARGUMENT);
  categorise(batch, {0, 1, 1, 1, 0, 1});
  const double before = network.evaluate(batch, nullptr).loss;
  for (uint64_t t = 1; t <= 20; ++t) network.train(batch, 0.01, t);
  CHECK(network.evaluate(batch, nullptr).loss < before);
  const FloatView e = find(network, "decoder.1.weight").view;
  CHECK(e.rows == 3 && e.columns == 5);
  for (size_t c = 0; c < 5; ++c) {  // a category without rows stays where it starts
    CHECK(e.data[e.row_at(0) + c] != 0 && e.data[e.row_at(1) + c] != 0 && e.data[e.row_at(2) + c] == 0);
  }
  const double own = network.evaluate(batch, nullptr).loss;
  categorise(batch, {1, 0, 0, 0, 1, 0});
  CHECK(network.evaluate(batch, nullptr).loss != own);
  const float latent[2] = {};
  float out[kColumns];
  CHECK_THROWS(network.decode(1, latent, nullptr, kColumns, out), NRW_UNSUPPORTED);
}

TEST(network_categories_refused) {
  CHECK(refused("\"categories\": 0").rfind("decoder.1.categories: needs the category of each row", 0) == 0);
  const std::string five = layer("covariate", "\"categories\": 5");
  CHECK_THROWS(make_plan(kColumns, {linear(4), five}, {linear(kColumns)}, false, "\"categories\": 3"),
               NRW_INVALID_ARGUMENT);
}
