#include "layers/covariate.h"

#include "layer_checks.h"

using namespace nrw;
using namespace nrw::check;

TEST(covariate_gradients_and_threads) {
  const std::string text = R"({"kind": "covariate", "categories": 3})";
  const uint32_t categories[] = {2, 0, 2, 1, 2};
  for (const Shape& shape : {Shape::flat(7), Shape::signal(3, 4), Shape::image(2, 3, 2)}) {
    Room room;
    const MadeLayer made(room.products, text, shape);
    start(*made, 5, 60);
    check_layer_gradients(made, {.rows = 5, .step = 3, .row_category = categories},
                          random_values<float>(5 * shape.size(), 1), 0.05, 2e-4);
  }
  const uint32_t rows = 300, width = 200;
  const auto x = random_values<float>(rows * width, 2), d_y = random_values<float>(rows * width, 3);
  std::vector<uint32_t> category(rows);
  for (uint32_t i = 0; i < rows; ++i) category[i] = i * 7 % 3;
  std::vector<float> first;
  for (const unsigned threads : {1u, 2u, 5u}) {
    Room room(threads);
    const MadeLayer made(room.products, text, Shape::flat(width));
    start(*made, rows, 61);
    std::vector<float> y(x.size()), d_x(x.size());
    const Pass pass{.rows = rows, .training = true, .row_category = category.data()};
    made->forward(pass, x.data(), y.data());
    made->backward(pass, x.data(), d_y.data(), d_x.data());
    std::vector<float> all = parameter_gradients(*made);
    all.insert(all.end(), y.begin(), y.end());
    if (first.empty()) first = all;
    CHECK(all == first && d_x == d_y);
  }
}

// {linear, covariate} is a linear layer of the row with the one-hot category behind it.
TEST(covariate_is_a_one_hot_input_of_the_layer_before) {
  Room room;
  const uint32_t rows = 6, in = 4, out = 3, categories = 2;
  const MadeLayer linear(room.products, R"({"kind": "linear", "size": 3})", Shape::flat(in)),
      covariate(room.products, R"({"kind": "covariate", "categories": 2})", Shape::flat(out)),
      wide(room.products, R"({"kind": "linear", "size": 3})", Shape::flat(in + categories));
  start(*linear, rows, 5);
  start(*covariate, rows, 7);
  start(*wide, rows, 9);
  const auto x = random_values<float>(rows * in, 1), d_y = random_values<float>(rows * out, 2);
  const uint32_t category[rows] = {1, 0, 0, 1, 1, 0};
  std::vector<float> joined;
  for (uint32_t i = 0; i < rows; ++i) {
    joined.insert(joined.end(), x.begin() + i * in, x.begin() + (i + 1) * in);
    for (uint32_t c = 0; c < categories; ++c) joined.push_back(category[i] == c);
  }
  Parameter &w = *linear->parameters()[0], &e = *covariate->parameters()[0], &both = *wide->parameters()[0];
  for (uint32_t k = 0; k < out; ++k) {
    for (uint32_t j = 0; j < in; ++j) both.value[k * (in + categories) + j] = w.value[k * in + j];
    for (uint32_t c = 0; c < categories; ++c) both.value[k * (in + categories) + in + c] = e.value[c * out + k];
    wide->parameters()[1]->value[k] = linear->parameters()[1]->value[k];
  }
  const Pass pass{.rows = rows, .training = true, .row_category = category};
  std::vector<float> h(rows * out), y(rows * out), y_wide(rows * out);
  pack_and_forward(*linear, pass, x.data(), h.data());
  covariate->forward(pass, h.data(), y.data());
  pack_and_forward(*wide, pass, joined.data(), y_wide.data());
  for (size_t i = 0; i < y.size(); ++i) CHECK_CLOSE(y[i], y_wide[i], 1e-6);
  covariate->backward(pass, h.data(), d_y.data(), nullptr);
  wide->backward(pass, joined.data(), d_y.data(), nullptr);
  for (uint32_t k = 0; k < out; ++k) {
    for (uint32_t c = 0; c < categories; ++c) {
      CHECK_CLOSE(e.gradient[c * out + k], both.gradient[k * (in + categories) + in + c], 1e-6);
    }
  }
}

TEST(covariate_refusals) {
  CHECK(refusal(R"({"kind": "covariate"})", Shape::flat(9)).rfind("layer.categories: needs the category", 0) == 0);
}
