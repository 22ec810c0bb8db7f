#include "layers/variational.h"

#include "layer_checks.h"

using namespace nrw;
using namespace nrw::check;

TEST(variational_by_hand) {
  // Mean 1 and variance 1; mean 0 and variance 4 = exp(v): KL = (4 - 1 - ln 4) / 2.
  const double mean[2] = {1, 0}, v[2] = {0, std::log(4.0)}, noise[2] = {-2, 0.5};
  double z[2];
  sample(2, mean, v, noise, z);
  CHECK_CLOSE(z[0], -1, 1e-15);
  CHECK_CLOSE(z[1], 1, 1e-15);
  CHECK_CLOSE(divergence(2, mean, v), 0.5 + (3 - std::log(4.0)) / 2, 1e-15);
  const double far[2] = {40, -40};
  CHECK_CLOSE(divergence(2, mean, far), (std::exp(15.0) - 15) / 2 + (std::exp(-15.0) - 1 + 15) / 2, 1e-6);
}

TEST(variational_gradients_in_double) {
  const size_t n = 12;
  auto mean = random_values<double>(n, 1), v = random_values<double>(n, 2);
  const auto noise = random_values<double>(n, 3), c = random_values<double>(n, 4);
  std::vector<double> z(n), d_mean(n), d_v(n);
  const double weight = 0.3;
  const auto loss = [&] {
    sample(n, mean.data(), v.data(), noise.data(), z.data());
    return weighted(c, z.data()) + weight * divergence(n, mean.data(), v.data());
  };
  for (const double shift : {0.0, -20.0}) {  // clamped: no slope
    v[0] += shift;
    sample_backward(n, weight, mean.data(), v.data(), noise.data(), c.data(), d_mean.data(), d_v.data());
    CHECK(shift == 0 || d_v[0] == 0);
    check_gradient("mean", mean.data(), d_mean.data(), n, 1e-5, 1e-8, loss);
    check_gradient("log_variance", v.data() + 1, d_v.data() + 1, n - 1, 1e-5, 1e-6, loss);
  }
}

TEST(variational_layer_gradients) {
  for (const Shape& shape : {Shape::flat(9), Shape::signal(2, 5)}) {
    Room room;
    const MadeLayer made(room.products, R"({"kind": "variational", "size": 5, "weight": 0.7, "warm_up": 4})", shape);
    start(*made, 6, 11);
    check_layer_gradients(made, {.rows = 6, .step = 2, .factor = 0.5}, random_values<float>(6 * shape.size(), 12), 0.02,
                          1e-3);
  }
}

TEST(variational_bits_do_not_depend_on_threads) {
  check_threads(R"({"kind": "variational", "size": 33})", Shape::flat(70), 129);
}

// The same row draws the same noise wherever it is in a batch; another step, row, layer or seed another one.
TEST(variational_noise) {
  const uint32_t rows = 400, n = 7;
  const std::vector<float> x(rows * 2, 0.0f);
  std::vector<uint64_t> ids(rows);
  std::iota(ids.begin(), ids.end(), 0);
  const auto z = [&](uint64_t seed, uint32_t number, uint64_t step, const std::vector<uint64_t>& of) {
    Room room;
    const MadeLayer made(room.products, R"({"kind": "variational", "size": 7})", Shape::flat(2), seed, number);
    made->reserve(rows);
    for (Parameter* p : made->parameters()) p->allocate(0);  // zeros: mean 0, variance 1
    std::vector<float> y(rows * n);
    pack_and_forward(*made, {.rows = rows, .training = true, .step = step, .row_id = of.data()}, x.data(), y.data());
    return y;
  };
  const auto once = z(1, 0, 1, ids);
  CHECK(once == z(1, 0, 1, ids));
  double sum = 0, squares = 0;
  for (const float value : once) {
    sum += value;
    squares += double(value) * value;
  }
  CHECK_CLOSE(sum / (rows * n), 0, 0.08);  // four standard errors
  CHECK_CLOSE(squares / (rows * n), 1, 0.12);
  auto reversed = ids;
  std::reverse(reversed.begin(), reversed.end());
  const auto other = z(1, 0, 1, reversed);
  for (uint32_t i = 0; i < rows; ++i) {
    CHECK(std::equal(once.begin() + i * n, once.begin() + (i + 1) * n, other.begin() + (rows - 1 - i) * n));
  }
  for (const auto& different : {z(2, 0, 1, ids), z(1, 1, 1, ids), z(1, 0, 2, ids)}) {
    CHECK(different != once && different[0] != once[0]);
  }
}

TEST(variational_evaluates_to_the_mean_and_warms_up) {
  const std::string size = R"({"kind": "variational", "size": 3, "weight": 2)";
  const auto x = random_values<float>(4 * 5, 21);
  const auto ids = row_ids(4);
  const auto penalty = [&](const std::string& more, bool training, uint64_t step, std::vector<float>* y = nullptr) {
    Room room;
    const MadeLayer made(room.products, size + more + "}", Shape::flat(5), 1, 0, 10);
    start(*made, 4, 22);
    std::vector<float> out(4 * 3);
    pack_and_forward(*made, {.rows = 4, .training = training, .step = step, .row_id = ids.data()}, x.data(),
                     out.data());
    if (y != nullptr) *y = out;
    return made->penalty();
  };
  std::vector<float> y;
  const double whole = penalty("", false, 0, &y);
  CHECK(whole > 0);
  {
    Room room;
    Linear mean(room.products, 5, 3, true, nullptr);
    start(mean, 4, 22);
    std::vector<float> expected(4 * 3);
    pack_and_forward(mean, {.rows = 4}, x.data(), expected.data());
    CHECK(y == expected);
  }
  CHECK_CLOSE(penalty("", true, 1), whole, 0);
  CHECK_CLOSE(penalty(R"(, "warm_up": 8)", true, 2), whole / 4, 1e-12 * whole);
  CHECK_CLOSE(penalty(R"(, "warm_up": 8)", true, 8), whole, 0);
  CHECK_CLOSE(penalty(R"(, "warm_up": 8)", false, 0), whole, 0);
  CHECK_CLOSE(penalty(R"(, "warm_up": {"epochs": 0.5})", true, 1), whole / 5, 1e-12 * whole);  // an epoch has 10 steps
}

TEST(variational_refusals_and_names) {
  CHECK(refusal(R"({"kind": "variational", "size": 3, "warm_up": {"epochs": 2}})", Shape::flat(5))
            .rfind("layer.warm_up: the number of steps of an epoch is not known", 0) == 0);
  CHECK(refusal(R"({"kind": "variational", "size": 3, "weight": -1})", Shape::flat(5)).rfind("layer.weight: ", 0) == 0);
  Room room;
  const MadeLayer made(room.products, R"({"kind": "variational", "size": 3})", Shape::flat(5));
  const auto specs = made.spec.type->tensors(made.spec.settings, made.input, made.output);
  const char* const names[] = {"mean.weight", "mean.bias", "log_variance.weight", "log_variance.bias"};
  CHECK(specs.size() == 4 && made->parameters().size() == 4);
  for (size_t i = 0; i < 4; ++i) {
    CHECK(specs[i].name == names[i] && made->parameters()[i]->name == names[i]);
    CHECK(specs[i].sizes == made->parameters()[i]->sizes);
    CHECK(specs[i].sizes == (i % 2 == 0 ? std::vector<uint32_t>{3, 5} : std::vector<uint32_t>{3}));
  }
}
