// Networks with every loss: accelerators and plain layers, threads, gradients, and how several outputs a column are
// saved.
#include <cmath>

#include "base/float_mode.h"
#include "dense_form.h"
#include "every_loss.h"
#include "memory_source.h"
#include "model/network.h"
#include "model/plain_output.h"
#include "network_state.h"
#include "network_text.h"
#include "numeric_gradient.h"

using namespace nrw;
using namespace nrw::check;

namespace {

constexpr uint32_t kColumns = 300;

}  // namespace

// Losses of every kind, with one output a column and with two: by the tile-fused output layer and by a plain one, in
// the same bits with any number of threads, with gradients that are the slopes of the loss.
TEST(network_of_every_loss) {
  const FlushToZero mode;
  const auto plan_of = [](const std::string& loss, bool dense, bool accelerated) {
    return make_plan(kColumns, {linear(8), layer("tanh"), linear(3)},
                     {linear(8), layer("tanh"), layer("linear", "\"size\": \"output\"")}, dense,
                     loss + (accelerated ? "" : ", \"accelerators\": false"));
  };
  size_t several = 0;
  for (const std::string& loss : losses_for("[15, 20]")) {
    for (const bool dense : {false, true}) {
      const Plan plan = plan_of(loss, dense, true);
      CHECK(plan.output_claimed() == plan.loss.type->separable);
      several += plan.last().output.size() > kColumns;
      std::vector<float> saved[4], rows[4];
      std::vector<double> losses[4];
      for (const int way : {0, 1, 2, 3}) {  // one, two and five threads; without accelerators
        const OptimizerSettings sgd{.kind = OptimizerKind::kSgd, .momentum = 0.9, .gradient_clip = dense ? 0.5 : 0};
        const unsigned threads[] = {1, 2, 5, 2};
        Network network(plan_of(loss, dense, way != 3), sgd, Reduction::kRowMean, 5, threads[way]);
        MemorySource source = MemorySource::random(40, kColumns, 0.1, 10);
        for (size_t k = 0; k < 4; ++k) {  // targets that every loss takes
          SparseBatch& batch = source.batch(k);
          for (uint32_t i = 0; i < batch.nnz(); ++i) batch.target[i] = std::ceil(8 * batch.target[i]) / 17;
          for (uint32_t i = 0; i < batch.nnz(); ++i) batch.csc_target[i] = std::ceil(8 * batch.csc_target[i]) / 17;
        }
        for (uint64_t t = 1; t <= 3; ++t) {
          const Batch& batch = *source.next();
          const auto step = dense ? network.train(dense_form(batch), 1e-3, t) : network.train(batch, 1e-3, t);
          losses[way].push_back(step.loss);
          losses[way].push_back(step.gradient_norm);
        }
        const Batch& last = *source.next();
        const DenseBatch form = dense ? dense_form(last) : DenseBatch();
        const Batch& batch = form_of(dense, form, last);
        rows[way].resize(10 * kColumns);
        network.reconstruct(batch, 10, nullptr, kColumns, rows[way].data());
        std::vector<float> some(10 * 3);
        const uint32_t chosen[] = {299, 0, 17};
        network.reconstruct(batch, 10, chosen, 3, some.data());
        for (size_t k = 0; k < 30; ++k)
          CHECK_CLOSE(some[k], rows[way][k / 3 * kColumns + chosen[k % 3]], 1e-6 * (1 + std::fabs(some[k])));
        std::vector<double> errors(kColumns);
        const Network::Evaluation sums = network.evaluate(batch, errors.data());
        double squares = 0, total = 0;
        std::vector<float> target(10 * kColumns);
        lay_out_rows(batch, Shape::flat(kColumns), true, network.pool(), target.data());
        for (size_t k = 0; k < target.size(); ++k) {
          const double r = double(rows[way][k]) - double(target[k]);
          squares += r * r;
        }
        for (const double error : errors) total += error;
        CHECK_CLOSE(sums.squared_error, squares, 1e-4 * squares);
        CHECK_CLOSE(total, squares, 1e-4 * squares);
        losses[way].push_back(sums.loss);
        losses[way].push_back(sums.squared_error);
        saved[way] = snapshot(network);
      }
      CHECK(saved[0] == saved[1] && saved[0] == saved[2] && rows[0] == rows[1] && rows[0] == rows[2]);
      CHECK(losses[0] == losses[1] && losses[0] == losses[2]);
      CHECK(saved[0].size() == saved[3].size() || !dense);
      for (size_t i = 0; i < losses[0].size(); ++i) {
        CHECK(std::isfinite(losses[0][i]));
        CHECK_CLOSE(losses[3][i], losses[0][i], 1e-4 * losses[0][i]);
      }
      for (size_t i = 0; i < rows[0].size(); ++i) CHECK_CLOSE(rows[3][i], rows[0][i], 1e-4 * (1 + rows[0][i]));
      if (!dense) continue;
      for (size_t i = 0; i < saved[0].size(); ++i) CHECK_CLOSE(saved[3][i], saved[0][i], 1e-4);
    }
  }
  CHECK(several > 0);
}

TEST(network_gradients_of_every_loss) {
  for (const std::string& loss : losses_for("[3, 4]")) {
    for (const bool dense : {false, true}) {
      const uint32_t columns = 12;
      const std::vector<std::string> decoder = {linear(6), layer("tanh"), layer("linear", "\"size\": \"output\"")};
      const Plan plan = make_plan(columns, {linear(6), layer("tanh"), linear(3)}, decoder, dense, loss);
      Network network(plan, {}, Reduction::kRowMean, 3, 2);
      MemorySource source = MemorySource::random(5, columns, 0.4, 5);
      SparseBatch& sparse = source.batch(0);
      for (uint32_t i = 0; i < sparse.nnz(); ++i) sparse.target[i] /= 3;
      for (uint32_t i = 0; i < sparse.nnz(); ++i) sparse.csc_target[i] /= 3;
      const DenseBatch batch = dense ? dense_form(sparse) : DenseBatch();
      const Batch& rows = form_of(dense, batch, sparse);
      network.backward(rows, 1);
      size_t checked = 0;
      for (const Tensor& gradient : network.tensors()) {
        if (gradient.role != NRW_ROLE_GRADIENT) continue;
        const FloatView value = find(network, gradient.name).view, g = gradient.view;
        for (size_t r = 0; r < g.rows; ++r) {
          for (size_t c = 0; c < g.columns; ++c) {
            // A loss of about 5 that is made of floats has an error of 1e-6, and its slope therefore one of 2e-4.
            const double once = g.data[g.row_at(r) + c * g.column_stride];
            const double slope = slope_at(value.data[value.row_at(r) + c * value.column_stride], 0.003, [&] {
              return network.factor(rows.rows) * network.evaluate(rows, nullptr).loss;
            });
            if (!(std::fabs(once - slope) <= std::max(1e-2 * std::fabs(slope), 2e-4))) {
              failed((loss + " " + gradient.name).c_str(), static_cast<int>(r),
                     format("gradient %.9g, slope %.9g", once, slope));
            }
            ++checked;
          }
        }
      }
      CHECK(checked == network.plan().parameters());
    }
  }
}

// A loss with two outputs a column: saved head after head, as a last layer of PyTorch has them.
TEST(network_saves_heads_one_after_the_other) {
  const uint32_t columns = 7;
  const auto plan_of = [&](bool accelerated) {
    return make_plan(columns, {linear(3)}, {layer("linear", "\"size\": \"output\"")}, false,
                     std::string("\"loss\": {\"kind\": \"zero_inflated_negative_binomial\"}") +
                         (accelerated ? "" : ", \"accelerators\": false"));
  };
  Network fused(plan_of(true), {}, Reduction::kMean, 1, 2), plain(plan_of(false), {}, Reduction::kMean, 1, 2);
  CHECK(fused.plan().output_claimed() && !plain.plan().output_claimed());
  size_t compared = 0;
  for (const Tensor& a : fused.tensors()) {
    if (a.role != NRW_ROLE_PARAMETER) continue;
    const Tensor b = find(plain, a.name);
    CHECK(a.sizes == b.sizes);
    for (size_t r = 0; r < a.view.rows; ++r) {
      for (size_t c = 0; c < a.view.columns; ++c, ++compared) {
        CHECK(a.view.data[a.view.row_at(r) + c * a.view.column_stride] ==
              b.view.data[b.view.row_at(r) + c * b.view.column_stride]);
      }
    }
  }
  CHECK(compared == 3 * 7 + 3 + 14 * 3 + 14 + 7);
  const Tensor weight = find(fused, "decoder.0.weight");
  CHECK(weight.sizes == std::vector<uint32_t>({14, 3}));
  std::vector<float> values(14 * 3), back(14 * 3), some(4 * 3);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  write_rows(fused.pool(), weight, 0, 14, reinterpret_cast<const uint8_t*>(values.data()));
  read_rows(fused.pool(), weight, 0, 14, reinterpret_cast<uint8_t*>(back.data()));
  CHECK(values == back);
  read_rows(fused.pool(), weight, 5, 4, reinterpret_cast<uint8_t*>(some.data()));  // across the heads
  CHECK(std::equal(some.begin(), some.end(), values.begin() + 15));
  const Tensor bias = find(fused, "decoder.0.bias");
  write_rows(fused.pool(), bias, 0, 14, reinterpret_cast<const uint8_t*>(values.data()));
  read_rows(fused.pool(), bias, 6, 3, reinterpret_cast<uint8_t*>(some.data()));
  CHECK(some[0] == 6 && some[1] == 7 && some[2] == 8);
  Network other(plan_of(true), {}, Reduction::kMean, 2, 1);
  other.copy_state(fused);
  read_rows(other.pool(), find(other, "decoder.0.weight"), 0, 14, reinterpret_cast<uint8_t*>(back.data()));
  CHECK(values == back);
}
