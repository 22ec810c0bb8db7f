#include "layers/contractive.h"

#include "layer_checks.h"

using namespace nrw;
using namespace nrw::check;

namespace {

const std::string kTanh = R"([{"kind": "linear", "size": 4}, {"kind": "tanh"}])";
std::string contractive(const std::string& layers, const std::string& more) {
  return R"({"kind": "contractive", "layers": )" + layers + ", " + more + "}";
}

}  // namespace

TEST(contractive_gradients_and_threads) {
  const std::pair<std::string, Shape> cases[] = {
      {contractive(kTanh, R"("weight": 0.7, "step": 0.2)"), Shape::flat(6)},
      {contractive(
           R"([{"kind": "conv1d", "channels": 3, "kernel": 3}, {"kind": "silu"}, {"kind": "dropout", "rate": 0.3},
                       {"kind": "linear", "size": 4}])",
           R"("weight": 0.3, "step": 0.3)"),
       Shape::signal(2, 8)},
      {contractive(R"([{"kind": "variational", "size": 3}])", R"("weight": 0.5, "step": 0.2)"), Shape::flat(5)},
      {contractive("[" + contractive(kTanh, R"("step": 0.3)") + "]", R"("weight": 0.5, "step": 0.2)"), Shape::flat(5)},
  };
  for (const auto& [text, shape] : cases) {
    Room room;
    const MadeLayer made(room.products, text, shape);
    start(*made, 5, 60);
    const std::vector<float> weights{1, 0, 2.5f, 0.5f, 1};
    for (const float* w : {static_cast<const float*>(nullptr), weights.data()}) {
      for (Parameter* p : made->parameters()) p->gradient.zero();
      check_layer_gradients(made, {.rows = 5, .step = 3, .factor = 0.5, .row_weight = w},
                            random_values<float>(5 * shape.size(), 1), 0.02, 4e-3);
    }
    check_threads(text, shape, 60);
  }
}

// Of a linear layer and tanh the Jacobian is diag(1 - y^2) W. Its squared norm is the mean of the estimates, which
// are many rows of the same x here.
TEST(contractive_estimates_the_norm_of_the_jacobian) {
  Room room(2);
  const uint32_t rows = 20000, in = 6, out = 4;
  const MadeLayer made(room.products, contractive(kTanh, R"("weight": 0.5, "step": 0.02)"), Shape::flat(in));
  start(*made, rows, 7);
  const auto x = random_values<float>(in, 3);
  std::vector<float> all, y(rows * out);
  for (uint32_t i = 0; i < rows; ++i) all.insert(all.end(), x.begin(), x.end());
  std::vector<uint64_t> ids(rows);
  std::iota(ids.begin(), ids.end(), 0);
  pack_and_forward(*made, {.rows = rows, .training = true, .step = 1, .row_id = ids.data()}, all.data(), y.data());
  double norm = 0;
  const Parameter& weight = *made->parameters()[0];
  for (size_t k = 0; k < out; ++k) {
    const double slope = 1 - double(y[k]) * double(y[k]);
    for (size_t j = 0; j < in; ++j)
      norm += slope * slope * double(weight.value[k * in + j]) * double(weight.value[k * in + j]);
  }
  CHECK_CLOSE(made->penalty() / (0.5 * rows), norm, 0.03 * norm);
  const std::vector<float> trained = y;
  pack_and_forward(*made, {.rows = rows}, all.data(), y.data());
  CHECK(y == trained && made->penalty() == 0);
}

TEST(contractive_adds_what_layers_within_add_once) {
  Room room;
  const std::string inner = R"({"kind": "l1", "weight": 0.5})";
  const MadeLayer plain(room.products, inner, Shape::flat(3)),
      made(room.products, contractive("[" + inner + "]", R"("weight": 0)"), Shape::flat(3));
  plain->reserve(2);
  made->reserve(2);
  const float x[6] = {1, -2, 3, -4, 5, 6};
  float y[6];
  const auto ids = row_ids(2);
  const Pass pass{.rows = 2, .training = true, .step = 1, .row_id = ids.data()};
  plain->forward(pass, x, y);
  made->forward(pass, x, y);
  CHECK(plain->penalty() == 10.5 && made->penalty() == 10.5);
}
