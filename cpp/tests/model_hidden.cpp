// A loss of the places that are hidden, and of no others.
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

constexpr uint32_t kColumns = 24;  // two channels of 12 places
const std::string kMask = layer("mask_tokens", "\"share\": 0.5, \"length\": 5");

Plan plan_of(const std::string& first, const std::string& more, bool fused = true) {
  std::vector<std::string> decoder = {linear(6), layer("tanh"), linear(kColumns)};
  if (!fused) decoder.push_back(layer("unflatten", "\"shape\": [2, 12]"));
  return make_plan(kColumns, {first, linear(6), layer("tanh"), linear(3)}, decoder, true,
                   "\"shape\": [2, 12], " + more);
}

DenseBatch some_rows(uint32_t rows) {
  MemorySource source = MemorySource::random(rows, kColumns, 1, rows);
  return dense_form(source.batch(0));
}

float& value(DenseBatch& batch, size_t row, size_t column) { return batch.target[column * batch.stride() + row]; }

}  // namespace

// The loss is that of the hidden values: it moves with no other target. By the fused output layer and by plain ones.
TEST(loss_of_hidden_places) {
  const FlushToZero mode;
  const uint32_t rows = 7;
  for (const bool fused : {true, false}) {
    for (const bool clipped : {true, false}) {
      const Plan plan = plan_of(kMask, "\"hidden_only\": true", fused);
      CHECK(plan.output_claimed() == fused);
      std::vector<float> saved;
      for (const unsigned threads : {1u, 2u, 5u}) {
        Network network(plan, {.gradient_clip = clipped ? 0.1 : 0}, Reduction::kMean, 3, threads);
        const DenseBatch batch = some_rows(rows);
        for (uint64_t t = 1; t <= 3; ++t) network.train(batch, 0.01, t);
        if (saved.empty()) saved = snapshot(network);
        CHECK(snapshot(network) == saved);
      }
      if (clipped) continue;

      // The input is what the batch masks: its targets can be moved alone.
      Network network(plan, {}, Reduction::kMean, 3, 2);
      DenseBatch batch = some_rows(rows);
      batch.masked = true;
      batch.input = AlignedBuffer<float>(batch.target.size());
      std::copy(batch.target.begin(), batch.target.end(), batch.input.begin());
      const double before = network.backward(batch, 1);
      std::vector<std::vector<int>> hidden(rows, std::vector<int>(12, -1));
      size_t count = 0;
      for (uint32_t row = 0; row < rows; ++row) {
        for (uint32_t column = 0; column < kColumns; ++column) {
          float& target = value(batch, row, column);
          const float kept = target;
          target += 1;
          const int moved = network.backward(batch, 1) != before;
          target = kept;
          int& place = hidden[row][column % 12];
          CHECK(place == -1 || place == moved);
          place = moved;
          count += static_cast<size_t>(moved);
        }
      }
      for (const auto& row : hidden) {  // of the tokens of 5, 5 and 2 places two are hidden
        const int found = row[0] + row[5] + row[10];
        CHECK(found == 2 && row[0] == row[4] && row[5] == row[9] && row[10] == row[11]);
      }
      // The mean of squared errors over hidden values: all targets 1 higher for outputs of 0.
      for (const Tensor& tensor : network.tensors()) {
        if (tensor.role != NRW_ROLE_PARAMETER) continue;
        for (size_t k = 0; k < tensor.view.rows; ++k) {
          for (size_t c = 0; c < tensor.view.columns; ++c) {
            tensor.view.data[tensor.view.row_at(k) + c * tensor.view.column_stride] = 0;
          }
        }
      }
      double sum = 0, all = 0;
      for (uint32_t row = 0; row < rows; ++row) {
        for (uint32_t column = 0; column < kColumns; ++column) {
          const double y = value(batch, row, column);
          all += y * y;
          if (hidden[row][column % 12] == 1) sum += y * y;
        }
      }
      CHECK_CLOSE(network.backward(batch, 1), sum / double(count), 1e-6 * sum);
      CHECK_CLOSE(network.evaluate(batch, nullptr).loss, all, 1e-6 * all);

      // A row that weighs twice as much counts twice.
      std::vector<float> weights(rows, 1);
      weights[2] = 2;
      weigh(batch, weights);
      double more = 0;
      for (uint32_t column = 0; column < kColumns; ++column) {
        const double y = value(batch, 2, column);
        if (hidden[2][column % 12] == 1) more += y * y;
      }
      CHECK_CLOSE(network.backward(batch, 1), (sum + more) / double(count), 1e-6 * sum);
    }
  }
}

TEST(loss_of_hidden_places_refused) {
  const auto refused = [](const std::string& first, const std::string& more) -> std::string {
    try {
      plan_of(first, "\"hidden_only\": true" + more);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(refused(layer("mask_noise", "\"share\": 0.5"), "").rfind("loss.on: hidden needs mask_tokens", 0) == 0);
  CHECK(refused(kMask, ", \"loss\": {\"kind\": \"cosine\"}").rfind("loss.on: hidden is for losses", 0) == 0);
  CHECK(refused(kMask, "").empty());
}
