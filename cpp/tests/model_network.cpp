#include "model/network.h"

#include <limits>

#include "base/float_mode.h"
#include "dense_form.h"
#include "memory_source.h"
#include "network_state.h"
#include "network_text.h"
#include "numeric_gradient.h"

using namespace nrw;
using namespace nrw::check;

namespace {

constexpr uint32_t kColumns = 300;

// Every kind of layer.
Plan everything(bool tied, bool dense = false, const std::string& more = "") {
  return make_plan(kColumns,
                   {linear(48), layer("batch_norm"), layer("relu"), layer("dropout", "\"rate\": 0.2"), linear(24),
                    layer("layer_norm"), layer("gelu"), linear(10), layer("tanh")},
                   {linear(24), layer("leaky_relu", "\"slope\": 0.1"), linear(20, kNoBias), layer("elu"), linear(24),
                    layer("silu"), linear(48), layer("sigmoid"), linear(kColumns, tied ? uint32_t{kTied} : 0u)},
                   dense, more);
}

Plan small(uint32_t columns, uint32_t flags = 0, bool dense = false) {
  return make_plan(columns, {linear(6), layer("tanh"), linear(3)},
                   {linear(6, flags), layer("tanh"), linear(columns, flags)}, dense);
}

// 20 steps over a last partial batch; losses and norms are added to the snapshot.
std::vector<float> trained(const Plan& plan, const OptimizerSettings& optimizer, unsigned threads) {
  const FlushToZero mode;
  Network network(plan, optimizer, Reduction::kMean, 5, threads);
  MemorySource source = MemorySource::random(90, kColumns, 0.1, 25);
  std::vector<float> losses;
  for (uint64_t t = 1; t <= 20; ++t) {
    const Batch* batch = source.next();
    if (batch == nullptr) {
      source.rewind();
      batch = source.next();
    }
    const Network::Step step = plan.dense ? network.train(dense_form(*batch), 0.01, t) : network.train(*batch, 0.01, t);
    losses.push_back(static_cast<float>(step.loss));
    losses.push_back(static_cast<float>(step.gradient_norm));
  }
  std::vector<float> all = snapshot(network);
  all.insert(all.end(), losses.begin(), losses.end());
  return all;
}

}  // namespace

TEST(network_bits_do_not_depend_on_threads) {
  for (const bool tied : {false, true}) {
    for (const double clip : {0.0, 0.05}) {
      const OptimizerSettings adam{.weight_decay = 1e-3, .gradient_clip = clip};
      const auto one = trained(everything(tied), adam, 1);
      CHECK(trained(everything(tied), adam, 2) == one);
      CHECK(trained(everything(tied), adam, 4) == one);
      CHECK(std::isfinite(one.back()));
    }
  }
}

TEST(network_bits_of_dense_rows_do_not_depend_on_threads) {
  for (const bool tied : {false, true}) {
    for (const double clip : {0.0, 0.05}) {
      const OptimizerSettings adam{.weight_decay = 1e-3, .gradient_clip = clip};
      const auto one = trained(everything(tied, true), adam, 1);
      CHECK(trained(everything(tied, true), adam, 2) == one);
      CHECK(trained(everything(tied, true), adam, 5) == one);
      CHECK(std::isfinite(one.back()));
    }
  }
}

// The same rows in either form give the same network but for rounding, which 20 steps of SGD hardly grow.
TEST(network_of_dense_rows_is_that_of_sparse_ones) {
  for (const bool tied : {false, true}) {
    const OptimizerSettings sgd{.kind = OptimizerKind::kSgd, .momentum = 0.9};
    const auto sparse = trained(everything(tied), sgd, 2), dense = trained(everything(tied, true), sgd, 2);
    const size_t common = dense.size() - 40;  // the sparse layer saves more of its state
    for (size_t i = 0; i < 40; ++i) {
      const float a = sparse[sparse.size() - 40 + i], b = dense[common + i];
      CHECK_CLOSE(a, b, 1e-4 * std::fabs(a));
    }
  }
}

TEST(network_refuses_rows_of_the_other_form) {
  MemorySource source = MemorySource::random(4, 20, 0.3, 4);
  const Batch& sparse = *source.next();
  const DenseBatch dense = dense_form(sparse);
  Network of_sparse(small(20), {}, Reduction::kMean, 1, 1), of_dense(small(20, 0, true), {}, Reduction::kMean, 1, 1);
  CHECK_THROWS(of_sparse.train(dense, 0.1, 1), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(of_dense.train(sparse, 0.1, 1), NRW_INVALID_ARGUMENT);
  CHECK_THROWS(make_plan(20, {linear(4)}, {linear(20, kFactored)}, true), NRW_UNSUPPORTED);
}

TEST(network_learns) {
  const auto all = trained(everything(false), {}, 2);
  const float first = all[all.size() - 40], last = all[all.size() - 2];
  CHECK(last < 0.8 * first);
}

// A clip that is never reached goes the two-phase way and must give the same as one pass.
TEST(network_two_phases_equal_one_pass) {
  OptimizerSettings clipped;
  clipped.gradient_clip = 1e30;
  const auto fused = trained(everything(false), {}, 1), phased = trained(everything(false), clipped, 1);
  CHECK(fused.size() == phased.size());
  for (size_t i = 0; i < fused.size(); ++i) CHECK_CLOSE(fused[i], phased[i], 1e-5 * (1 + std::fabs(fused[i])));
}

TEST(network_clips_the_norm_of_all_gradients) {
  for (const uint32_t flags : {0u, uint32_t{kTied}}) {
    const OptimizerSettings sgd{.kind = OptimizerKind::kSgd, .gradient_clip = 0.01};
    Network network(small(20, flags), sgd, Reduction::kSum, 1, 2);
    MemorySource source = MemorySource::random(8, 20, 0.3, 8);
    const auto before = snapshot(network);
    const Network::Step step = network.train(*source.next(), 1, 1);
    const auto after = snapshot(network);
    double moved = 0;
    for (size_t i = 0; i < before.size(); ++i) moved += (after[i] - before[i]) * double(after[i] - before[i]);
    CHECK(step.gradient_norm > 1);
    CHECK_CLOSE(std::sqrt(moved), 0.01, 1e-5);  // SGD at a rate of 1 moves by the clipped gradient
  }
}

// The factored layer's Gram matrix of the targets gives the input layer's norm only where inputs are targets.
TEST(network_norm_beside_the_factored_output) {
  for (const bool masked : {false, true}) {
    const OptimizerSettings sgd{.kind = OptimizerKind::kSgd};
    const Plan plan =
        make_plan(20, {linear(6), layer("tanh"), linear(3)}, {linear(6), layer("tanh"), linear(20, kFactored)});
    Network network(plan, sgd, Reduction::kSum, 1, 2);
    MemorySource source = MemorySource::random(8, 20, 0.5, 8);
    SparseBatch& batch = source.batch(0);
    batch.masked = masked;
    batch.input.reserve(batch.nnz());
    batch.csc_input.reserve(batch.nnz());
    for (uint32_t k = 0; k < batch.nnz(); ++k) batch.input[k] = batch.column[k] % 2 == 0 ? 0 : batch.target[k];
    for (uint32_t t = 0; t < batch.touched; ++t) {
      for (uint32_t k = batch.touched_ptr[t]; k < batch.touched_ptr[t + 1]; ++k) {
        batch.csc_input[k] = batch.touched_col[t] % 2 == 0 ? 0 : batch.csc_target[k];
      }
    }
    network.train(batch, 0.01, 1);
    const auto before = snapshot(network, "decoder.2.");
    const Network::Step step = network.train(batch, 1, 2);
    const auto after = snapshot(network, "decoder.2.");
    double moved = 0;
    for (size_t i = 0; i < before.size(); ++i) moved += (after[i] - before[i]) * double(after[i] - before[i]);
    CHECK(moved > 0);
    CHECK_CLOSE(std::sqrt(moved), step.gradient_norm, 1e-5 * step.gradient_norm);
  }
}

TEST(network_gradients) {
  for (const auto& [flags, dense] :
       {std::pair{0u, false}, {uint32_t{kTied}, false}, {0u, true}, {uint32_t{kTied}, true}}) {
    const uint32_t columns = 12;
    Network network(small(columns, flags, dense), {}, Reduction::kRowMean, 3, 2);
    MemorySource source = MemorySource::random(5, columns, 0.4, 5);
    const Batch& sparse = *source.next();
    const DenseBatch batch = dense ? dense_form(sparse) : DenseBatch();
    const Batch& rows = form_of(dense, batch, sparse);
    network.backward(rows, 1);
    size_t checked = 0;
    for (const Tensor& gradient : network.tensors()) {
      if (gradient.role != NRW_ROLE_GRADIENT) continue;
      const FloatView value = find(network, gradient.name).view, g = gradient.view;
      for (size_t r = 0; r < g.rows; ++r) {
        for (size_t c = 0; c < g.columns; ++c) {
          float once = g.data[r * g.row_stride + c * g.column_stride];
          check_gradient(gradient.name.c_str(), &value.data[r * value.row_stride + c * value.column_stride], &once, 1,
                         0.01, std::fabs(once) < 0.02 ? 0.2 : 5e-3,
                         [&] { return network.factor(rows.rows) * network.evaluate(rows, nullptr).loss; });
          ++checked;
        }
      }
    }
    CHECK(checked == network.plan().parameters());
  }
}

TEST(network_gradients_add_up_and_are_zeroed) {
  for (const uint32_t flags : {0u, uint32_t{kTied}}) {
    Network network(small(40, flags), {}, Reduction::kMean, 3, 2);
    MemorySource source = MemorySource::random(8, 40, 0.2, 8);
    const Batch& batch = *source.next();
    const auto gradients = [&] {
      std::vector<float> all;
      for (const Tensor& tensor : network.tensors()) {
        if (tensor.role != NRW_ROLE_GRADIENT) continue;
        std::vector<float> values(tensor.first_dimension() * tensor.row_bytes() / sizeof(float));
        read_rows(network.pool(), tensor, 0, tensor.first_dimension(), reinterpret_cast<uint8_t*>(values.data()));
        all.insert(all.end(), values.begin(), values.end());
      }
      return all;
    };
    CHECK(gradients().empty());
    network.backward(batch, 1);
    const auto once = gradients();
    CHECK(once.size() == network.plan().parameters());
    network.backward(batch, 1);
    const auto twice = gradients();
    for (size_t i = 0; i < once.size(); ++i)
      CHECK_CLOSE(twice[i], 2 * once[i], flags == 0 ? 0 : 1e-8);  // tied: two shares, by turns
    network.zero_gradients();
    for (const float value : gradients()) CHECK_CLOSE(value, 0, 0);
    network.backward(batch, 1);
    CHECK(gradients() == once);
    network.train(batch, 0.1, 1);  // leaves something in the dense layers' gradients
    network.drop_gradients();
    CHECK(gradients().empty());
  }
}

TEST(network_stops_at_what_is_not_finite) {
  const OptimizerSettings sgd{.kind = OptimizerKind::kSgd};
  Network network(small(20), sgd, Reduction::kMean, 1, 1);
  MemorySource source = MemorySource::random(8, 20, 0.3, 8);
  SparseBatch& batch = source.batch(0);
  const auto before = snapshot(network);
  batch.target[0] = std::numeric_limits<float>::quiet_NaN();  // in the input only: csc_target is the target
  CHECK_THROWS(network.train(batch, 0.1, 1), NRW_NON_FINITE);
  CHECK(snapshot(network) == before);
  batch.target[0] = 1;
  batch.csc_target[0] = std::numeric_limits<float>::infinity();
  CHECK_THROWS(network.train(batch, 0.1, 1), NRW_NON_FINITE);
  const auto after = snapshot(network);
  const size_t first = find(network, "encoder.0.weight").view.rows * 20;
  CHECK(std::equal(before.begin(), before.begin() + static_cast<long>(first), after.begin()));
}

TEST(network_reads_and_writes_pytorchs_layout) {
  const uint32_t columns = 37;
  Network network(make_plan(columns, {linear(5)}, {linear(columns)}), {}, Reduction::kMean, 1, 2);
  const Tensor in = find(network, "encoder.0.weight"), out = find(network, "decoder.0.weight");
  CHECK(in.view.rows == 5 && in.view.columns == columns);
  CHECK(out.view.rows == columns && out.view.columns == 5);
  for (const Tensor& tensor : {in, out}) {
    const size_t row = tensor.view.columns, n = tensor.view.rows * row;
    auto values = random_values<float>(n, 3);
    write_rows(network.pool(), tensor, 0, tensor.view.rows, reinterpret_cast<const uint8_t*>(values.data()));
    std::vector<float> back(2 * row);
    read_rows(network.pool(), tensor, 1, 2, reinterpret_cast<uint8_t*>(back.data()));
    CHECK(std::equal(back.begin(), back.end(), values.begin() + static_cast<long>(row)));
  }
  // The layer's own arithmetic agrees: a batch of the unit vector of column 7, no bias, gives column 7.
  std::vector<float> zero(5, 0);
  write_rows(network.pool(), find(network, "encoder.0.bias"), 0, 5, reinterpret_cast<const uint8_t*>(zero.data()));
  std::vector<float> unit(columns, 0);
  unit[7] = 1;
  const SparseBatch batch = make_batch({unit}, columns, 0, 0);
  const float* latent = network.embed(batch);
  const auto weight = random_values<float>(5 * columns, 3);
  for (uint32_t j = 0; j < 5; ++j) CHECK_CLOSE(latent[j], weight[j * columns + 7], 1e-6);
}

TEST(network_starting_weights) {
  struct Case {
    const char* init;
    double variance, bound;
  };
  const double in = 400, out = 100, inf = std::numeric_limits<double>::infinity();
  const Case cases[] = {{"\"default\"", 1 / in / 3, 1 / std::sqrt(in)},
                        {"\"kaiming_uniform\"", 2 / in, std::sqrt(6 / in)},
                        {"\"kaiming_normal\"", 2 / in, inf},
                        {"\"xavier_uniform\"", 2 / (in + out), std::sqrt(6 / (in + out))},
                        {"\"xavier_normal\"", 2 / (in + out), inf},
                        {"{\"normal\": 0.02}", 4e-4, inf},
                        {"\"zeros\"", 0, 0}};
  for (const Case& c : cases) {
    const std::string first = linear(100, 0, std::string("\"init\": ") + c.init);
    std::vector<float> one;
    for (const unsigned threads : {1u, 3u}) {
      Network network(make_plan(400, {first}, {linear(400)}), {}, Reduction::kMean, 9, threads);
      std::vector<float> w(100 * 400);
      read_rows(network.pool(), find(network, "encoder.0.weight"), 0, 100, reinterpret_cast<uint8_t*>(w.data()));
      if (one.empty()) one = w;
      CHECK(w == one);
      double sum = 0, squares = 0, largest = 0;
      for (const float value : w) {
        sum += value;
        squares += double(value) * value;
        largest = std::fmax(largest, std::fabs(value));
      }
      const double n = static_cast<double>(w.size());
      CHECK_CLOSE(sum / n, 0, 4 * std::sqrt(c.variance / n));
      CHECK_CLOSE(squares / n, c.variance, 0.03 * c.variance);
      CHECK(largest <= c.bound && (c.bound == 0 || c.bound == inf || largest > 0.99 * c.bound));
      const FloatView bias = find(network, "encoder.0.bias").view;
      for (size_t j = 0; j < bias.rows; ++j) CHECK((bias.data[j] != 0) == (std::string(c.init) == "\"default\""));
    }
  }
}

TEST(network_decode_continues_embed) {
  Network network(small(25), {}, Reduction::kMean, 3, 2);
  MemorySource source = MemorySource::random(6, 25, 0.3, 6);
  const Batch& batch = *source.next();
  const float* latent = network.embed(batch);
  const std::vector<float> kept(latent, latent + 6 * 3);
  std::vector<float> all(6 * 25), decoded(6 * 25), some(6 * 2);
  network.reconstruct(batch, 6, nullptr, 25, all.data());
  network.decode(6, kept.data(), nullptr, 25, decoded.data());
  CHECK(all == decoded);
  const uint32_t chosen[2] = {24, 3};
  network.decode(6, kept.data(), chosen, 2, some.data());
  for (int i = 0; i < 6; ++i) {
    CHECK_CLOSE(some[i * 2], all[i * 25 + 24], 1e-6);
    CHECK_CLOSE(some[i * 2 + 1], all[i * 25 + 3], 1e-6);
  }
}

// Plain layers and a plain loss at both ends do what the accelerators do.
TEST(network_without_accelerators_agrees) {
  for (const bool dense : {false, true}) {
    for (const bool tied : {false, true}) {
      const OptimizerSettings sgd{.kind = OptimizerKind::kSgd, .momentum = 0.9, .gradient_clip = tied ? 0.5 : 0};
      MemorySource source = MemorySource::random(40, kColumns, 0.1, 10);
      std::vector<double> losses[2];
      std::vector<float> rows[2], latents[2];
      std::vector<double> errors[2];
      for (const bool plain : {false, true}) {
        const Plan plan = everything(tied, dense, plain ? "\"accelerators\": false" : "");
        CHECK(plan.input_claimed() != plain && plan.output_claimed() != plain);
        Network network(plan, sgd, Reduction::kRowMean, 5, 3);
        source.rewind();
        for (uint64_t t = 1; t <= 3; ++t) {
          const Batch& batch = *source.next();
          const Network::Step step = dense ? network.train(dense_form(batch), 1e-3, t) : network.train(batch, 1e-3, t);
          losses[plain].push_back(step.loss);
          losses[plain].push_back(step.gradient_norm);
        }
        const Batch& last = *source.next();
        const DenseBatch form = dense ? dense_form(last) : DenseBatch();
        const Batch& batch = form_of(dense, form, last);
        rows[plain].resize(10 * kColumns);
        network.reconstruct(batch, 10, nullptr, kColumns, rows[plain].data());
        const float* const latent = network.embed(batch);
        latents[plain].assign(latent, latent + 10 * 10);
        errors[plain].resize(kColumns);
        const Network::Evaluation sums = network.evaluate(batch, errors[plain].data());
        losses[plain].push_back(sums.loss);
        losses[plain].push_back(sums.squared_error);
      }
      for (size_t i = 0; i < losses[0].size(); ++i) CHECK_CLOSE(losses[1][i], losses[0][i], 1e-4 * losses[0][i]);
      for (size_t i = 0; i < rows[0].size(); ++i) CHECK_CLOSE(rows[1][i], rows[0][i], 1e-4);
      for (size_t i = 0; i < latents[0].size(); ++i) CHECK_CLOSE(latents[1][i], latents[0][i], 1e-4);
      for (size_t i = 0; i < errors[0].size(); ++i) CHECK_CLOSE(errors[1][i], errors[0][i], 1e-4 * (1 + errors[0][i]));
    }
  }
}
