#include "model/plan.h"

#include "check.h"
#include "network_text.h"

using namespace nrw;
using namespace nrw::check;

namespace {

// Whether making the plan fails with a message that starts with `start`.
bool refused(uint32_t columns, const std::vector<std::string>& encoder, const std::vector<std::string>& decoder,
             const std::string& start) {
  try {
    make_plan(columns, encoder, decoder);
  } catch (const Error& error) {
    if (std::string(error.what()).rfind(start, 0) == 0) return true;
    check::failed(__FILE__, __LINE__, error.what());
  }
  return false;
}

}  // namespace

TEST(plan_of_one_layer_each) {
  const Plan plan = make_plan(50, {linear(4)}, {linear(50)});
  CHECK(plan.layers.size() == 2 && plan.latent().size() == 4 && plan.widest == 4);
  CHECK(plan.first().solver == Solver::kSparseInput && plan.last().solver == Solver::kTileOutput);
  CHECK(plan.parameters() == 50 * 4 + 4 + 4 * 50 + 50);
}

TEST(plan_shapes_names_and_counts) {
  const Plan plan = make_plan(30, {linear(8), layer("layer_norm"), layer("relu"), linear(3)},
                              {linear(8, kTied | kNoBias), layer("tanh"), linear(30, kTied)});
  CHECK(plan.layers.size() == 7 && plan.encoder_layers == 4 && plan.latent().size() == 3 && plan.widest == 8);
  CHECK(plan.layers[1].name() == "encoder.1" && plan.layers[6].name() == "decoder.2");
  CHECK(plan.layers[1].parameters() == 16);
  CHECK(plan.layers[3].inputs() == 8 && plan.layers[3].outputs() == 3 && plan.layers[3].solver == Solver::kPlain);
  CHECK(plan.layers[4].mirrored == 3 && plan.layers[4].parameters() == 0);
  CHECK(plan.layers[6].mirrored == 0 && plan.layers[6].parameters() == 30);
}

TEST(plan_refuses_what_cannot_be_built) {
  CHECK(refused(9, {}, {linear(9)}, "encoder: "));
  CHECK(refused(9, {linear(3)}, {}, "decoder: "));
  CHECK(refused(9, {linear(3)}, {linear(8)},
                "decoder.0: the last layer's output must have the size of a row of the data, 9"));
  CHECK(refused(9, {linear(3, kTied)}, {linear(9)}, "encoder.0.tied: is for decoder layers only"));
  CHECK(refused(9, {linear(3)}, {linear(4, kTied), linear(9)}, "decoder.0.tied: the encoder has no linear layer"));
  CHECK(refused(9, {linear(4), linear(3)}, {linear(5, kTied), linear(9)}, "decoder.0.tied: the shape 3 -> 5"));
  CHECK(refused(9, {linear(3)}, {layer("dropout", "\"rate\": 1"), linear(9)}, "decoder.0.rate: must be in [0, 1)"));
  CHECK(refused(9, {linear(3)}, {layer("batch_norm", "\"momentum\": 2"), linear(9)}, "decoder.0.momentum: must be in"));
  CHECK(refused(9, {linear(3)}, {layer("layer_norm", "\"eps\": 0"), linear(9)}, "decoder.0.eps: must be in (0, 1]"));
  CHECK(refused(9, {linear(0)}, {linear(9)}, "encoder.0.size: must be in [1, 16777216], got 0"));
  CHECK(refused(9, {layer("linear")}, {linear(9)}, "encoder.0.size: is missing"));
  CHECK(refused(9, {layer("dropout", "\"rate\": \"half\"")}, {linear(9)}, "encoder.0.rate: must be a number, got"));
  CHECK(refused(9, {layer("linear", "\"size\": 3, \"sizes\": 3")}, {linear(9)},
                "encoder.0.sizes: is not a setting here"));
  CHECK(refused(9, {linear(3, 0, "\"init\": \"odd\"")}, {linear(9)}, "encoder.0.init: must be one of default, "));
  CHECK(refused(9, {linear(3), layer("nonsense")}, {linear(9)}, "encoder.1.kind: must be one of linear, "));
  CHECK(make_plan(9, {linear(3)}, {linear(9, kFactored)}).last().solver == Solver::kFactoredOutput);
  CHECK_THROWS(make_plan(9, {linear(3)}, {linear(9, kFactored | kTied)}), NRW_UNSUPPORTED);
  CHECK_THROWS(make_plan(9, {linear(3)}, {linear(9, kFactored | kNoBias)}), NRW_UNSUPPORTED);
  CHECK_THROWS(make_plan(9, {linear(3)}, {linear(9, kFactored)}, true), NRW_UNSUPPORTED);
  CHECK_THROWS(make_plan(9, {linear(3)}, {linear(9, kFactored)}, false, "\"accelerators\": false"), NRW_UNSUPPORTED);
  CHECK(refused(9, {linear(3, kFactored)}, {linear(9)}, "encoder.0.solver: only the output layer"));
  CHECK_THROWS(make_plan(9, {linear(3)}, {linear(9)}, true, "\"shape\": [2, 5]"), NRW_INVALID_ARGUMENT);
}

// Accelerators claim the ends that they can do the work of; plain layers do the rest.
TEST(plan_claims_the_ends) {
  using S = Solver;
  const auto ends = [](const Plan& plan) { return std::pair(plan.first().solver, plan.last().solver); };
  CHECK(ends(make_plan(9, {linear(3)}, {linear(9)})) == std::pair(S::kSparseInput, S::kTileOutput));
  CHECK(ends(make_plan(9, {linear(3)}, {linear(9)}, true)) == std::pair(S::kDenseInput, S::kTileOutput));
  CHECK(ends(make_plan(9, {linear(3)}, {linear(9), layer("sigmoid")})) == std::pair(S::kSparseInput, S::kPlain));
  CHECK(ends(make_plan(9, {layer("tanh"), linear(3)}, {linear(9)})) == std::pair(S::kPlain, S::kTileOutput));
  CHECK(ends(make_plan(9, {linear(3)}, {linear(9, kTied)})) == std::pair(S::kSparseInput, S::kTileOutput));
  CHECK(ends(make_plan(9, {layer("tanh"), linear(3)}, {linear(9, kTied)})) == std::pair(S::kPlain, S::kPlain));
  CHECK(ends(make_plan(9, {linear(3)}, {linear(9, kTied), layer("tanh")})) == std::pair(S::kPlain, S::kPlain));
  CHECK(ends(make_plan(9, {linear(3)}, {linear(9)}, false, "\"accelerators\": false")) ==
        std::pair(S::kPlain, S::kPlain));
}

TEST(estimate_of_parameters_and_state) {
  const Plan plan = make_plan(1000, {linear(32), layer("relu"), linear(16)}, {linear(32), linear(1000)});
  const Estimate e = estimate(plan, {}, 2, 64, 30);
  const double dense = 32 + (32 * 16 + 16) + (16 * 32 + 32), count = 2 * 1000 * 32 + 1000 + dense;
  CHECK_CLOSE(e.count, count, 0);
  CHECK_CLOSE(e.parameters, 4 * count, 0);
  CHECK_CLOSE(e.optimizer, 8 * count + 4 * 1000, 0);  // and a step a column
  CHECK(e.workspace > 4 * dense && e.workspace < 4e6);
  CHECK_CLOSE(e.sum(), e.parameters + e.optimizer + e.workspace, 0);
  CHECK(e.largest >= 4 * 1000 * 32 && e.largest < e.sum());
  CHECK_CLOSE(estimate(plan, {.kind = OptimizerKind::kSgd}, 2, 64, 30).optimizer, 0, 0);
}
