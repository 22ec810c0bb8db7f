#include "model/plan.h"

#include "check.h"

using namespace nrw;

namespace {

LayerSpec linear(uint32_t size, uint32_t flags = 0) { return {.kind = NRW_LINEAR, .size = size, .flags = flags}; }
LayerSpec plain(uint32_t kind, double p0 = 0, double p1 = 0) { return {.kind = kind, .p0 = p0, .p1 = p1}; }

// Whether making the plan fails with a message that starts with `start`.
bool refused(uint32_t columns, const std::vector<LayerSpec>& encoder, const std::vector<LayerSpec>& decoder,
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
  CHECK(plan.layers.size() == 2 && plan.latent == 4 && plan.widest == 4);
  CHECK(plan.first().solver == Solver::kSparseInput && plan.last().solver == Solver::kTileOutput);
  CHECK(plan.parameters() == 50 * 4 + 4 + 4 * 50 + 50);
}

TEST(plan_shapes_names_and_counts) {
  const Plan plan = make_plan(30, {linear(8), plain(NRW_LAYER_NORM, 1e-5), plain(NRW_RELU), linear(3)},
                              {linear(8, NRW_TIED | NRW_NO_BIAS), plain(NRW_TANH), linear(30, NRW_TIED)});
  CHECK(plan.layers.size() == 7 && plan.encoder_layers == 4 && plan.latent == 3 && plan.widest == 8);
  CHECK(plan.layers[1].name() == "encoder.1" && plan.layers[6].name() == "decoder.2");
  CHECK(plan.layers[1].parameters() == 16);
  CHECK(plan.layers[3].inputs == 8 && plan.layers[3].outputs == 3 && plan.layers[3].solver == Solver::kDense);
  CHECK(plan.layers[4].mirrored == 3 && plan.layers[4].parameters() == 0);
  CHECK(plan.layers[6].mirrored == 0 && plan.layers[6].parameters() == 30);
}

TEST(plan_refuses_what_cannot_be_built) {
  CHECK(refused(9, {}, {linear(9)}, "encoder: "));
  CHECK(refused(9, {linear(3)}, {}, "decoder: "));
  CHECK(refused(9, {plain(NRW_RELU), linear(3)}, {linear(9)}, "encoder.0: the first layer must be linear"));
  CHECK(refused(9, {linear(3)}, {linear(9), plain(NRW_SIGMOID)}, "decoder.1: the last layer must be linear"));
  CHECK(refused(9, {linear(3)}, {linear(8)}, "decoder.0: the last layer's size must be the width of the data, 9"));
  CHECK(refused(9, {linear(3, NRW_TIED)}, {linear(9)}, "encoder.0: only a decoder layer can be tied"));
  CHECK(refused(9, {linear(3)}, {linear(4, NRW_TIED), linear(9)}, "decoder.0: tied, but"));
  CHECK(refused(9, {linear(4), linear(3)}, {linear(5, NRW_TIED), linear(9)}, "decoder.0: tied: its shape 3 -> 5"));
  CHECK(refused(9, {linear(3)}, {plain(NRW_DROPOUT, 1), linear(9)}, "decoder.0: dropout's rate"));
  CHECK(refused(9, {linear(3)}, {plain(NRW_BATCH_NORM, 1e-5, 2), linear(9)}, "decoder.0: batch_norm's momentum"));
  CHECK(refused(9, {linear(3)}, {plain(NRW_LAYER_NORM, 0), linear(9)}, "decoder.0: eps"));
  CHECK(refused(9, {linear(0)}, {linear(9)}, "encoder.0: a linear layer's size"));
  CHECK(refused(9, {linear(3), plain(99)}, {linear(9)}, "encoder.1: unknown layer kind 99"));
  CHECK(make_plan(9, {linear(3)}, {linear(9, NRW_FACTORED)}).last().solver == Solver::kFactoredOutput);
  CHECK_THROWS(make_plan(9, {linear(3)}, {linear(9, NRW_FACTORED | NRW_TIED)}), NRW_UNSUPPORTED);
  CHECK_THROWS(make_plan(9, {linear(3)}, {linear(9, NRW_FACTORED | NRW_NO_BIAS)}), NRW_UNSUPPORTED);
  CHECK(refused(9, {linear(3, NRW_FACTORED)}, {linear(9)}, "encoder.0: only the output layer"));
}

TEST(estimate_of_parameters_and_state) {
  const Plan plan = make_plan(1000, {linear(32), plain(NRW_RELU), linear(16)}, {linear(32), linear(1000)});
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
