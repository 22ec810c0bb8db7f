// Weights of rows and columns in the loss, with every loss and every layer that adds to it.
#include <cmath>

#include "base/float_mode.h"
#include "dense_form.h"
#include "every_loss.h"
#include "memory_source.h"
#include "model/model.h"
#include "network_state.h"
#include "network_text.h"
#include "numeric_gradient.h"

using namespace nrw;
using namespace nrw::check;

namespace {

constexpr uint32_t kColumns = 12;

std::vector<std::vector<float>> some_rows(size_t count) {
  std::vector<std::vector<float>> rows(count, std::vector<float>(kColumns));
  for (size_t r = 0; r < count; ++r) {
    for (uint32_t c = 0; c < kColumns; ++c) {
      const auto words = draw(41, Purpose::kShuffle, r, c);
      if (uniform(words[0]) < 0.4f) rows[r][c] = 0.01f + 0.9f * uniform(words[1]);
    }
  }
  return rows;
}

// The gradients of all tensors, end to end.
std::vector<float> gradients(Network& network) {
  std::vector<float> all;
  for (const Tensor& tensor : network.tensors()) {
    if (tensor.role != NRW_ROLE_GRADIENT) continue;
    std::vector<float> values(tensor.first_dimension() * tensor.row_bytes() / sizeof(float));
    read_rows(network.pool(), tensor, 0, tensor.first_dimension(), reinterpret_cast<uint8_t*>(values.data()));
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

double largest(const std::vector<float>& values) {
  double most = 0;
  for (const float value : values) most = std::fmax(most, std::fabs(value));
  return most;
}

}  // namespace

// A row that weighs 3 counts as three rows, one that weighs 0 as none, in loss and gradients.
TEST(row_weights_count_rows) {
  const FlushToZero mode;
  const std::vector<float> weights{3, 0, 1, 2, 1};
  const auto rows = some_rows(weights.size());
  std::vector<std::vector<float>> repeated;
  std::vector<uint64_t> ids;
  for (size_t i = 0; i < rows.size(); ++i) {
    for (int k = 0; k < static_cast<int>(weights[i]); ++k) {
      repeated.push_back(rows[i]);
      ids.push_back(100 + i);
    }
  }
  const std::vector<std::vector<std::string>> encoders = {
      {linear(6), layer("tanh"), layer("variational", "\"size\": 3")},
      {linear(6), layer("l1", "\"weight\": 0.3")},
      {linear(6), layer("jump_relu", "\"weight\": 0.3, \"threshold\": 0.2, \"bandwidth\": 1")},
      {linear(6), layer("vector_quantised", "\"codes\": 3, \"update\": \"gradient\"")}};
  size_t compared = 0;
  for (const std::string& loss : losses_for("[3, 4]")) {
    for (size_t e = 0; e < encoders.size(); ++e) {
      if (e > 0 && loss.find("mse") == std::string::npos) continue;
      for (const int form : {0, 1, 2}) {  // sparse, dense, without accelerators
        const bool dense = form == 1;
        const auto plan =
            make_plan(kColumns, encoders[e], {linear(6), layer("tanh"), layer("linear", "\"size\": \"output\"")}, dense,
                      loss + (form == 2 ? ", \"accelerators\": false" : ""));
        std::vector<float> found[2];
        double value[2], evaluated[2];
        for (const bool weighted : {false, true}) {
          Network network(plan, {}, Reduction::kSum, 3, 2);
          SparseBatch batch = make_batch(weighted ? rows : repeated, kColumns, 100, 0);
          if (weighted) {
            weigh(batch, weights);
          } else {
            std::copy(ids.begin(), ids.end(), batch.row_id.begin());
          }
          const DenseBatch shaped = dense ? dense_form(batch) : DenseBatch();
          const Batch& used = form_of(dense, shaped, batch);
          value[weighted] = network.backward(used, 1);
          found[weighted] = gradients(network);
          const Network::Evaluation sums = network.evaluate(used, nullptr);
          evaluated[weighted] = sums.loss + sums.penalties;
          CHECK(weighted || sums.loss == sums.unweighted);
        }
        CHECK_CLOSE(value[1], value[0], 1e-5 * (1 + std::fabs(value[0])));
        CHECK_CLOSE(evaluated[1], evaluated[0], 1e-5 * (1 + std::fabs(evaluated[0])));
        CHECK(found[0].size() == found[1].size());
        const double most = largest(found[0]);
        for (size_t i = 0; i < found[0].size(); ++i, ++compared) CHECK_CLOSE(found[1][i], found[0][i], 2e-5 * most);
      }
    }
  }
  CHECK(compared > 0);
}

// The loss is a sum over columns, so with weights 2 for some and 5 for the others it is twice that of the former alone
// and five times that of the latter; likewise its gradients, which are its slopes.
TEST(column_weights_of_every_loss) {
  const FlushToZero mode;
  const std::vector<float> row_weights{0.5f, 2, 1, 0, 1.5f};
  size_t compared = 0;
  for (const std::string& loss : losses_for("[3, 4]")) {
    for (const int form : {0, 1, 2}) {
      const bool dense = form == 1;
      const auto plan = make_plan(kColumns, {linear(6), layer("tanh"), linear(3)},
                                  {linear(6), layer("tanh"), layer("linear", "\"size\": \"output\"")}, dense,
                                  loss + (form == 2 ? ", \"accelerators\": false" : ""));
      if (!plan.loss.type->separable) continue;
      SparseBatch batch = make_batch(some_rows(row_weights.size()), kColumns, 100, 0);
      weigh(batch, row_weights);
      const DenseBatch shaped = dense ? dense_form(batch) : DenseBatch();
      const Batch& used = form_of(dense, shaped, batch);
      std::vector<float> found[5];
      double value[5], unweighted = 0;
      for (const int way : {0, 1, 2, 3, 4}) {  // none, all 1, the two parts, all; the last with 1 and 5 threads
        Network network(plan, {}, Reduction::kSum, 3, way == 4 ? 5 : 1);
        std::vector<float> weights(kColumns);
        for (uint32_t c = 0; c < kColumns; ++c) {
          const bool first = c % 3 == 0;
          weights[c] = way == 0 ? 1 : way == 1 ? first : way == 2 ? !first : first ? 2 : 5;
        }
        if (way > 0) network.set_column_weights(weights);
        value[way] = network.backward(used, 1);
        found[way] = gradients(network);
        const Network::Evaluation sums = network.evaluate(used, nullptr);
        CHECK_CLOSE(sums.loss, value[way], 1e-6 * (1 + std::fabs(value[way])));
        if (way == 0) unweighted = sums.unweighted;
        CHECK(sums.unweighted == unweighted);
        if (way != 3) continue;
        for (const Tensor& gradient : network.tensors()) {
          if (gradient.role != NRW_ROLE_GRADIENT) continue;
          const FloatView v = find(network, gradient.name).view, g = gradient.view;
          for (size_t r = 0; r < g.rows; r += 2) {
            const float once = g.data[g.row_at(r)];
            if (std::fabs(once) < 0.05) continue;  // its slope has too few digits
            check_gradient((loss + " " + gradient.name).c_str(), &v.data[v.row_at(r)], &once, 1, 0.003, 0.02,
                           [&] { return network.evaluate(used, nullptr).loss; });
            ++compared;
          }
        }
      }
      CHECK(found[3] == found[4] && value[3] == value[4]);
      CHECK_CLOSE(value[1] + value[2], value[0], 1e-5 * (1 + std::fabs(value[0])));
      CHECK_CLOSE(2 * value[1] + 5 * value[2], value[3], 1e-5 * (1 + std::fabs(value[3])));
      const double most = largest(found[3]);
      for (size_t i = 0; i < found[0].size(); ++i) {
        CHECK_CLOSE(found[1][i] + found[2][i], found[0][i], 2e-5 * most);
        CHECK_CLOSE(2 * found[1][i] + 5 * found[2][i], found[3][i], 2e-5 * most);
      }
    }
  }
  CHECK(compared > 100);
}

TEST(weights_that_cannot_be_are_refused) {
  const auto model = [](const std::string& loss, bool factored = false) {
    return Model(model_spec(network_text(kColumns, {linear(4)}, {linear(kColumns, factored ? kFactored : 0)}, false,
                                         "\"loss\": {\"kind\": \"" + loss + "\"}")));
  };
  const std::vector<float> good(kColumns, 1);
  Model mse = model("mse");
  mse.set_column_weights(good);
  CHECK_THROWS(mse.set_column_weights({1, 2}), NRW_INVALID_ARGUMENT);
  for (const float bad : {-1.0f, NAN, INFINITY}) {
    std::vector<float> weights = good;
    weights[3] = bad;
    CHECK_THROWS(mse.set_column_weights(weights), NRW_INVALID_ARGUMENT);
  }
  Model cosine = model("cosine"), factored = model("mse", true);
  CHECK_THROWS(cosine.set_column_weights(good), NRW_UNSUPPORTED);
  CHECK_THROWS(factored.set_column_weights(good), NRW_UNSUPPORTED);
}

// Three steps of both rules, with a loss that is a sum: the same losses, gradients and weights.
TEST(factored_networks_take_a_row_of_weight_2_as_the_row_twice) {
  const FlushToZero mode;
  const std::vector<float> weights{2, 1, 3, 0, 1, 2};
  for (const char* update : {"least_squares", "sgd"}) {
    const std::string output = linear(kColumns, kFactored, std::string("\"update\": \"") + update + "\"");
    const auto plan = make_plan(kColumns, {linear(6), layer("tanh"), linear(3)}, {linear(6), layer("tanh"), output});
    Network weighted(plan, {}, Reduction::kSum, 3, 2), plain(plan, {}, Reduction::kSum, 3, 2);
    for (uint64_t t = 1; t <= 3; ++t) {
      const auto rows = some_rows(weights.size() + t);
      std::vector<std::vector<float>> own, repeated;
      for (size_t i = 0; i < weights.size(); ++i) {
        own.push_back(rows[i + t]);
        for (float k = 0; k < weights[i]; ++k) repeated.push_back(rows[i + t]);
      }
      SparseBatch batch = make_batch(own, kColumns, 100, t);
      weigh(batch, weights);
      const SparseBatch twice = make_batch(repeated, kColumns, 100, t);
      const auto a = weighted.train(batch, 1e-3, t), b = plain.train(twice, 1e-3, t);
      CHECK_CLOSE(a.loss, b.loss, 1e-5 * b.loss);
      CHECK_CLOSE(a.gradient_norm, b.gradient_norm, 1e-4 * b.gradient_norm);
      const auto sums = weighted.evaluate(batch, nullptr), all = plain.evaluate(twice, nullptr);
      CHECK_CLOSE(sums.loss, all.loss, 1e-4 * all.loss);
      CHECK(sums.unweighted == sums.squared_error && sums.unweighted != sums.loss);
      std::vector<double> by_column(kColumns);  // of W as it is, column by column
      CHECK_CLOSE(weighted.evaluate(batch, by_column.data()).loss, sums.loss, 1e-4 * sums.loss);
    }
  }
}
