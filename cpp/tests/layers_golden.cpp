// Single layers against PyTorch: tests/golden/make_layers.py says what layers.json holds. Each case is a layer's
// forward and backward pass with its parameters' names, shapes and gradients; besides, what holds for any layer: the
// same bits on any number of threads, gradients that add up and do not hang on whether d_x is wanted, and slopes.
#include <algorithm>

#include "golden_json.h"
#include "make_layer.h"
#include "numeric_gradient.h"

using namespace nrw;
using namespace nrw::check;

namespace {

const Json& golden() {
  static const Json all = golden_cases("layers.json");
  return all;
}

// Rows with channels first as rows with channels last.
std::vector<float> in_memory(const Shape& shape, const std::vector<float>& rows) {
  std::vector<float> all(rows.size());
  for (size_t at = 0; at < rows.size(); at += shape.size()) to_channels_last(shape, rows.data() + at, all.data() + at);
  return all;
}

struct Case {
  explicit Case(const Json& given)
      : name(given.find("layer")->write()),
        input(shape_of(*given.find("input"))),
        output(shape_of(*given.find("output"))),
        rows(static_cast<uint32_t>(given.find("rows")->number)),
        x(in_memory(input, numbers(*given.find("x")))),
        c(in_memory(output, numbers(*given.find("c")))),
        y(in_memory(output, numbers(*given.find("y")))),
        d_x(in_memory(input, numbers(*given.find("d_x")))),
        parameters(given.find("parameters")->items) {}

  std::string name;
  Shape input, output;
  uint32_t rows;
  std::vector<float> x, c, y, d_x;
  std::vector<Json> parameters;
};

// A layer with the case's parameters.
struct Run {
  Run(const Case& given, unsigned threads)
      : pool(threads), products(kernels(), pool), made(products, given.name, given.input), pass{.rows = given.rows} {
    pass.training = true;
    made->reserve(given.rows);
    const std::vector<Parameter*> found = made->parameters();
    CHECK(made.output == given.output && found.size() == given.parameters.size());
    const auto specs = made.spec.type->tensors(made.spec.settings, made.input, made.output);
    CHECK(specs.size() == found.size());
    for (size_t k = 0; k < found.size(); ++k) {
      const Json& expected = given.parameters[k];
      std::vector<uint32_t> sizes;
      for (const Json& size : expected.find("shape")->items) sizes.push_back(static_cast<uint32_t>(size.number));
      CHECK(found[k]->name == expected.find("name")->text && found[k]->sizes == sizes);
      CHECK(specs[k].name == found[k]->name && specs[k].sizes == sizes);
      found[k]->allocate(0);
      const std::vector<float> values = numbers(*expected.find("value"));
      std::copy(values.begin(), values.end(), found[k]->value.begin());
    }
    y.resize(given.y.size());
    d_x.resize(given.x.size());
  }

  void both(const Case& given, bool wanted = true) {
    pack_and_forward(*made, pass, given.x.data(), y.data());
    made->backward(pass, given.x.data(), given.c.data(), wanted ? d_x.data() : nullptr);
  }
  std::vector<float> gradients() {
    std::vector<float> all;
    for (Parameter* p : made->parameters()) all.insert(all.end(), p->gradient.begin(), p->gradient.end());
    return all;
  }

  ThreadPool pool;
  Products products;
  MadeLayer made;
  Pass pass;
  std::vector<float> y, d_x;
};

void check_near(const Case& given, const char* what, const std::vector<float>& found, const std::vector<float>& right) {
  CHECK(found.size() == right.size() && !right.empty());
  float largest = 0;
  for (const float value : right) largest = std::fmax(largest, std::fabs(value));
  for (size_t i = 0; i < right.size(); ++i) {
    if (!(std::fabs(found[i] - right[i]) <= 1e-5f * largest)) {
      failed(given.name.c_str(), static_cast<int>(i),
             format("%s is %.9g, PyTorch has %.9g", what, double(found[i]), double(right[i])));
      return;
    }
  }
}

// Whether the layer's slopes jump somewhere or are not those of its outputs, so that differences are no measure of
// them.
bool has_kinks(const Case& given) {
  return given.name.find("vector_quantised") != std::string::npos || given.name.find("max_pool") != std::string::npos ||
         given.name.find("elu\"") != std::string::npos;
}

}  // namespace

TEST(layers_agree_with_pytorch) {
  size_t cases = 0;
  for (const Json& item : golden().items) {
    const Case given(item);
    Run run(given, 1);
    run.both(given);
    check_near(given, "y", run.y, given.y);
    check_near(given, "d_x", run.d_x, given.d_x);
    for (size_t k = 0; k < given.parameters.size(); ++k) {
      const AlignedBuffer<float>& gradient = run.made->parameters()[k]->gradient;
      check_near(given, given.parameters[k].find("name")->text.c_str(),
                 {gradient.data(), gradient.data() + gradient.size()}, numbers(*given.parameters[k].find("gradient")));
    }
    ++cases;
  }
  CHECK(cases > 0);
}

TEST(layers_add_up_gradients_and_do_without_the_one_to_their_input) {
  for (const Json& item : golden().items) {
    const Case given(item);
    Run run(given, 2);
    run.both(given);
    const std::vector<float> once = run.gradients();
    run.both(given, false);
    const std::vector<float> twice = run.gradients();
    for (size_t i = 0; i < once.size(); ++i) CHECK_CLOSE(twice[i], 2 * once[i], 1e-6 * std::fabs(once[i]));
    std::vector<float> training = run.y;
    run.pass.training = false;
    pack_and_forward(*run.made, run.pass, given.x.data(), run.y.data());
    CHECK(run.y == training);  // of layers without statistics or draws
  }
}

// Rows enough that the threads share them.
TEST(layers_have_the_same_bits_on_any_number_of_threads) {
  for (const Json& item : golden().items) {
    Case given(item);
    given.rows = 120;
    given.x = random_values<float>(given.rows * given.input.size(), 1);
    given.c = random_values<float>(given.rows * given.output.size(), 2);
    given.y.resize(given.c.size());
    std::vector<float> first;
    for (const unsigned threads : {1u, 2u, 5u}) {
      Run run(given, threads);
      run.both(given);
      std::vector<float> all = run.gradients();
      all.insert(all.end(), run.y.begin(), run.y.end());
      all.insert(all.end(), run.d_x.begin(), run.d_x.end());
      if (first.empty()) first = all;
      CHECK(all == first);
    }
  }
}

TEST(layers_gradients_are_slopes) {
  size_t cases = 0;
  for (const Json& item : golden().items) {
    Case given(item);
    if (has_kinks(given)) continue;
    Run run(given, 1);
    run.both(given);
    const auto loss = [&] {
      pack_and_forward(*run.made, run.pass, given.x.data(), run.y.data());
      return weighted(given.c, run.y.data());
    };
    const std::vector<float> d_x = run.d_x;
    check_gradient(given.name.c_str(), given.x.data(), d_x.data(), d_x.size(), 0.01, 2e-3, loss);
    for (Parameter* p : run.made->parameters()) {
      const std::string what = given.name + " " + p->name;
      check_gradient(what.c_str(), p->value.data(), p->gradient.data(), p->size(), 0.01, 2e-3, loss);
    }
    ++cases;
  }
  CHECK(cases > 0);
}
