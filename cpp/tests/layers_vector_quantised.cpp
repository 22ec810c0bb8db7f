#include "layers/vector_quantised.h"

#include "layer_checks.h"

using namespace nrw;
using namespace nrw::check;

namespace {

std::string text(const std::string& more) { return R"({"kind": "vector_quantised", )" + more + "}"; }

std::vector<float> values(const Buffer* buffer) {
  return {buffer->value.data(), buffer->value.data() + buffer->value.size()};
}

// Places of a signal of 2 channels, in memory order.
struct Fixture {
  Fixture(const std::string& more, uint32_t places, unsigned threads = 1)
      : room(threads), made(room.products, text(more), Shape::signal(2, places), 7, 1) {
    made->reserve(2);
  }
  std::vector<float> forward(const std::vector<float>& x, bool training, uint64_t step = 1) {
    std::vector<float> y(x.size());
    const auto rows = static_cast<uint32_t>(x.size() / made.input.size());
    pack_and_forward(*made, {.rows = rows, .training = training, .step = step, .row_id = ids.data()}, x.data(),
                     y.data());
    return y;
  }
  Room room;
  MadeLayer made;
  std::vector<uint64_t> ids{1, 2};
};

}  // namespace

// The stop-gradients make two losses of one distance; each has its own slope.
TEST(vector_quantised_gradients_in_double) {
  const size_t n = 5;
  const double weight = 0.7;
  auto z = random_values<double>(n, 1), e = random_values<double>(n, 2), other = random_values<double>(n, 3);
  const auto c = random_values<double>(n, 4);
  std::vector<double> d_z(n), d_e(n), sum(n);
  straight_through(n, weight, z.data(), e.data(), c.data(), d_z.data());
  // Straight through: y - sg(y) + z has z's slope, so the loss is c z plus the commitment.
  check_gradient("z", z.data(), d_z.data(), n, 1e-4, 1e-8,
                 [&] { return weighted(c, z.data()) + weight * squared_distance(n, z.data(), e.data()); });
  for (size_t j = 0; j < n; ++j) sum[j] = z[j] + other[j];
  code_gradient(n, weight, 2.0, sum.data(), e.data(), d_e.data());
  check_gradient("e", e.data(), d_e.data(), n, 1e-4, 1e-8, [&] {
    return weight * (squared_distance(n, z.data(), e.data()) + squared_distance(n, other.data(), e.data()));
  });
}

TEST(vector_quantised_takes_the_nearest_code_of_each_place) {
  Fixture f(R"("codes": 3, "update": "gradient", "commitment": 0.5)", 4);
  Parameter& book = *f.made->parameters().front();
  CHECK(book.name == "codebook" && (book.sizes == std::vector<uint32_t>{3, 2}));
  book.allocate(0);
  const float codes[6] = {0, 0, 1, 1, 0, 2};
  std::copy(codes, codes + 6, book.value.begin());
  const std::vector<float> x = {0.1f, 0.2f, 0.5f, 0.5f, 0, 1.75f, 9, 9};  // the second is as near to 0 0 as to 1 1
  CHECK((f.forward(x, false) == std::vector<float>{0, 0, 0, 0, 0, 2, 1, 1}));
  CHECK_CLOSE(f.made->penalty(), 1.5 * (0.05 + 0.5 + 0.0625 + 128), 1e-5);
}

TEST(vector_quantised_running_means_by_hand) {
  Fixture f(R"("codes": 2, "decay": 0.75, "restart": 0)", 4);
  const auto buffers = f.made->buffers();
  CHECK(f.made->parameters().empty() && buffers.size() == 4 && buffers[0]->name == "codebook");
  CHECK(buffers[1]->name == "cluster_size" && buffers[2]->name == "cluster_sum" && buffers[3]->is_count);
  const float codes[4] = {0, 0, 10, 10};
  std::copy(codes, codes + 4, buffers[0]->value.begin());
  f.forward({1, 2, 3, 4, 8, 8, -1, 0}, true);
  CHECK((values(buffers[0]) == std::vector<float>{0, 0, 10, 10}));  // not before the update
  f.made->commit();
  CHECK((values(buffers[1]) == std::vector<float>{3, 1}));  // the first batch counts whole
  CHECK((values(buffers[2]) == std::vector<float>{3, 6, 8, 8}));
  CHECK((values(buffers[0]) == std::vector<float>{1, 2, 8, 8}));
  f.forward({1, 2, 1, 2, 1, 2, 5, 6}, true, 2);
  f.made->commit();  // 3 N + 1 n over 4: 3 and 1; sums (9 + 3) / 4, (18 + 6) / 4 and (24 + 5) / 4, (24 + 6) / 4
  CHECK((values(buffers[1]) == std::vector<float>{3, 1}));
  CHECK((values(buffers[0]) == std::vector<float>{1, 2, 7.25f, 7.5f}));
  f.forward({100, 100, 100, 100, 100, 100, 100, 100}, false);
  CHECK(buffers[3]->count == 2);
}

TEST(vector_quantised_restarts_codes_that_are_not_used) {
  for (const unsigned threads : {1u, 3u}) {
    Fixture f(R"("codes": 8, "restart": 0.5)", 6, threads);
    const auto buffers = f.made->buffers();
    std::fill(buffers[0]->value.begin(), buffers[0]->value.end(), 1000.0f);
    buffers[0]->value[0] = buffers[0]->value[1] = 0;
    const auto x = random_values<float>(2 * 12, 5);
    f.forward(x, true);
    f.made->commit();
    for (size_t k = 1; k < 8; ++k) {  // each is one of the vectors, with an equal share of them
      const float* const e = buffers[0]->value.data() + 2 * k;
      size_t found = 0;
      for (size_t i = 0; i < x.size(); i += 2) found += x[i] == e[0] && x[i + 1] == e[1];
      CHECK(found > 0 && buffers[1]->value[k] == 1.5f && buffers[2]->value[2 * k] == 1.5f * e[0]);
    }
    const auto first = values(buffers[0]);
    CHECK(!std::equal(first.begin() + 2, first.begin() + 4, first.begin() + 4) ||
          !std::equal(first.begin() + 4, first.begin() + 6, first.begin() + 6));
  }
}

TEST(vector_quantised_bits_do_not_depend_on_threads) {
  for (const char* more : {R"("codes": 70)", R"("codes": 70, "update": "gradient")"}) {
    check_threads(text(more), Shape::flat(33), 129);
    check_threads(text(more), Shape::image(20, 3, 4), 37);
  }
}

TEST(vector_quantised_adds_up_gradients) {
  Fixture f(R"("codes": 5, "update": "gradient")", 3);
  start(*f.made, 2, 3);
  const auto x = random_values<float>(12, 4), d_y = random_values<float>(12, 5);
  f.forward(x, true);
  const Pass pass{.rows = 2, .training = true, .step = 1, .row_id = f.ids.data(), .factor = 0.5};
  std::vector<float> d_x(12);
  f.made->backward(pass, x.data(), d_y.data(), d_x.data());
  const auto once = parameter_gradients(*f.made);
  f.made->backward(pass, x.data(), d_y.data(), nullptr);
  const auto twice = parameter_gradients(*f.made);
  double largest = 0;
  for (size_t i = 0; i < once.size(); ++i) {
    CHECK_CLOSE(twice[i], 2 * once[i], 1e-6);
    largest = std::fmax(largest, std::fabs(once[i]));
  }
  CHECK(largest > 0);
}

TEST(vector_quantised_refusals) {
  const Shape flat = Shape::flat(4);
  CHECK(refusal(text(R"("codes": 0)"), flat).find("layer.codes: must be in [1, 65536], got 0") == 0);
  CHECK(refusal(text(R"("codes": 4, "decay": 1)"), flat).find("layer.decay: must be in [0, 1), got 1") == 0);
  CHECK(refusal(text(R"("codes": 4, "update": "mean")"), flat).find("layer.update: must be one of ema, gradient") == 0);
}
