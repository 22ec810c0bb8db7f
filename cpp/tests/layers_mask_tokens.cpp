#include "layers/mask_tokens.h"

#include "layer_checks.h"

using namespace nrw;
using namespace nrw::check;

namespace {

struct Case {
  const char* text;
  Shape shape;
  size_t tokens, hidden;
};
const Case kCases[] = {
    {R"({"kind": "mask_tokens", "share": 0.4})", Shape::signal(3, 11), 11, 4},
    {R"({"kind": "mask_tokens", "share": 0.5, "length": 4, "fill": "learned"})", Shape::signal(2, 22), 6, 3},
    {R"({"kind": "mask_tokens", "share": 0.01, "length": 3, "fill": "learned"})", Shape::image(2, 7, 6), 6, 1},
    {R"({"kind": "mask_tokens", "share": 0.99, "length": [2, 3]})", Shape::image(1, 6, 9), 9, 8},
};

}  // namespace

TEST(mask_tokens_gradients_threads_and_evaluation) {
  for (const Case& c : kCases) {
    Room room;
    const MadeLayer made(room.products, c.text, c.shape);
    start(*made, 5, 60);
    check_layer_gradients(made, {.rows = 5, .step = 3}, random_values<float>(5 * c.shape.size(), 1), 0.1, 1e-5);
    check_threads(c.text, c.shape, 200);
    const auto x = random_values<float>(5 * c.shape.size(), 2);
    std::vector<float> y(x.size());
    made->forward({.rows = 5}, x.data(), y.data());
    CHECK(y == x);
  }
}

// Whole tokens are hidden, the same number in each row, each as often as the others.
TEST(mask_tokens_hides_whole_tokens) {
  const uint32_t rows = 2000;
  for (const Case& c : kCases) {
    Room room;
    const MadeLayer made(room.products, c.text, c.shape);
    made->reserve(rows);
    for (Parameter* p : made->parameters()) p->allocate(0);
    std::vector<uint64_t> ids(rows);
    for (uint32_t i = 0; i < rows; ++i) ids[i] = i;
    const std::vector<float> x(rows * c.shape.size(), 1.0f);
    std::vector<float> y(x.size());
    made->forward({.rows = rows, .training = true, .step = 1, .row_id = ids.data()}, x.data(), y.data());
    const bool image = c.shape.dimensions == 3;
    const size_t channels = c.shape.channels(), width = c.shape.sizes[image ? 2 : 1];
    const std::vector<uint32_t> length = made.spec.settings.axes("length", image ? 2 : 1);
    const size_t tall = image ? length[0] : 1, wide = length.back(), across = (width + wide - 1) / wide;
    std::vector<size_t> often(c.tokens);
    for (uint32_t row = 0; row < rows; ++row) {
      std::vector<int> state(c.tokens, -1);
      for (size_t place = 0; place < c.shape.places(); ++place) {
        const size_t token = place / width / tall * across + place % width / wide;
        CHECK(token < c.tokens);
        for (size_t k = 0; k < channels; ++k) {
          const int here = y[(row * c.shape.places() + place) * channels + k] == 0;
          CHECK(state[token] == -1 || state[token] == here);
          state[token] = here;
        }
      }
      size_t hidden = 0;
      for (size_t token = 0; token < c.tokens; ++token) {
        hidden += state[token] == 1;
        often[token] += state[token] == 1;
      }
      CHECK(hidden == c.hidden);
    }
    const double share = double(c.hidden) / double(c.tokens);
    for (const size_t count : often)
      CHECK_CLOSE(double(count) / rows, share, 4 * std::sqrt(share * (1 - share) / rows));
  }
}

TEST(mask_tokens_refusals) {
  CHECK(refusal(R"({"kind": "mask_tokens", "share": 0.5})", Shape::flat(9)).rfind("layer.share: is for signals", 0) ==
        0);
  CHECK(refusal(R"({"kind": "mask_tokens", "share": 0.5, "length": 9})", Shape::signal(2, 9))
            .rfind("layer.length: makes a single token", 0) == 0);
  CHECK(refusal(R"({"kind": "mask_tokens", "share": 0})", Shape::signal(2, 9)).rfind("layer.share: ", 0) == 0);
}
