// Forward and backward pass of every type of layer with one thread and with two, which take turns. Their outputs and
// gradients are compared bit by bit before anything is timed.
//   bench_layers [seconds for each layer] [kinds that contain this text]   (default 1)
// Prints JSON: {"kernels", "layers": [{"kind", "settings", "input", "rows", "forward_terms" and
// "backward_terms": multiply-adds, "forward_bytes", "backward_bytes": what at least has to be read and written, and
// lists of milliseconds, one a pass: "forward": [[one thread ...], [two ...]], "backward"}...], "missing": [kinds that
// have no case]}.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/status.h"
#include "layer_checks.h"

using namespace nrw;

namespace {

struct Case {
  const char* settings;  // the members after "kind"
  Shape input;
  uint32_t rows;
  // How often a row uses each weight, where that is not once: rounds of neurons, vectors that look for their code.
  double uses = 1;
  double more_terms = 0;  // multiply-adds of a row that no weight has a part in
  double backward = 2;    // how many times the forward pass's multiply-adds the backward pass has
};

const Shape kSignal = Shape::signal(64, 1024), kImage = Shape::image(32, 32, 32), kFlat = Shape::flat(4096);
constexpr double kTokens = 256, kWidth = 128;

const Case kCases[] = {
    {"\"linear\", \"size\": 1024", Shape::flat(1024), 1024},
    {"\"softplus\"", kFlat, 1024},
    {"\"softmax\"", kFlat, 1024},
    {"\"group_norm\", \"groups\": 8", kSignal, 64},
    {"\"batch_norm\"", kSignal, 64},
    {"\"instance_norm\"", kSignal, 64},
    {"\"conv1d\", \"channels\": 64, \"kernel\": 5, \"padding\": \"same\"", kSignal, 32},
    {"\"conv2d\", \"channels\": 32, \"kernel\": 3, \"padding\": \"same\"", kImage, 64},
    {"\"conv_transpose1d\", \"channels\": 32, \"kernel\": 4, \"stride\": 2, \"padding\": 1", kSignal, 32},
    {"\"conv_transpose2d\", \"channels\": 16, \"kernel\": 4, \"stride\": 2, \"padding\": 1", kImage, 64},
    {"\"locally_connected2d\", \"channels\": 16, \"kernel\": 3", Shape::image(16, 32, 32), 128},
    {"\"neuron_layers\", \"size\": 64, \"shapes\": [[64, 64], [32, 32]], \"rounds\": 4", Shape::image(1, 64, 64), 128,
     4},
    {"\"neuron_graph\", \"size\": 64, \"neurons\": 8192, \"rounds\": 4, \"reach\": 64, \"far\": 0.1", Shape::flat(1024),
     128, 4},
    {"\"max_pool1d\", \"kernel\": 2", kSignal, 128},
    {"\"max_pool2d\", \"kernel\": 2", kImage, 256},
    {"\"average_pool1d\", \"kernel\": 2", kSignal, 128},
    {"\"average_pool2d\", \"kernel\": 2", kImage, 256},
    {"\"upsample1d\", \"factor\": 2, \"mode\": \"linear\"", kSignal, 64},
    {"\"upsample2d\", \"factor\": 2, \"mode\": \"linear\"", kImage, 64},
    {"\"flatten\"", kSignal, 64},
    {"\"unflatten\", \"shape\": [64, 8, 8]", kFlat, 1024},
    {"\"reshape\", \"shape\": [32, 2048]", kSignal, 64},
    {"\"residual\", \"layers\": [{\"kind\": \"linear\", \"size\": 1024}]", Shape::flat(1024), 1024},
    {"\"dense_skip\", \"layers\": [{\"kind\": \"linear\", \"size\": 1024}]", Shape::flat(1024), 1024},
    {"\"shortcut\", \"size\": 1024, \"layers\": [{\"kind\": \"linear\", \"size\": 1024}]", Shape::flat(2048), 1024},
    {"\"positional_embedding\"", kSignal, 64},
    {"\"covariate\", \"categories\": 8", kFlat, 1024},
    {"\"self_attention\", \"heads\": 4", Shape::signal(128, 256), 32, kTokens, 2 * kTokens* kTokens* kWidth},
    {"\"variational\", \"size\": 1024", Shape::flat(1024), 1024},
    {"\"vector_quantised\", \"codes\": 512", Shape::signal(64, 256), 32, 256},
    {"\"top_k\", \"k\": 32", kFlat, 1024},
    {"\"batch_top_k\", \"k\": 32", kFlat, 1024},
    {"\"jump_relu\", \"weight\": 0.001", kFlat, 1024},
    {"\"sparse_code\", \"size\": 8192, \"k\": 32", Shape::flat(512), 512, 1, 0, 2 * 32 / 8192.0},
    {"\"dictionary\", \"size\": 512", Shape::flat(2048), 512},
    {"\"l1\", \"weight\": 0.001", kFlat, 1024},
    // The layers run with the rows and with rows a step away; the second ones' forward pass is part of this one's.
    {"\"contractive\", \"layers\": [{\"kind\": \"linear\", \"size\": 1024}, {\"kind\": \"tanh\"}]", Shape::flat(1024),
     512, 2},
    {"\"dropout\", \"rate\": 0.5", kFlat, 1024},
    {"\"gaussian_noise\", \"deviation\": 0.1", kFlat, 1024},
    {"\"salt_and_pepper\", \"share\": 0.1", kFlat, 1024},
    {"\"mask_noise\", \"share\": 0.1", kFlat, 1024},
    {"\"mask_tokens\", \"share\": 0.5, \"length\": 16", kSignal, 64},
};

std::string case_text(const std::string& settings) { return "{\"kind\": " + settings + "}"; }
std::string quoted(const std::string& text) { return "\"" + text + "\""; }

struct Run {
  Run(const Case& c, unsigned threads)
      : room(threads),
        made(room.products, case_text(c.settings), c.input, 1, 0, 100),
        ids(check::row_ids(c.rows)),
        categories(c.rows),
        x(check::random_values<float>(c.rows * c.input.size(), 1)),
        d_y(check::random_values<float>(c.rows * made.output.size(), 2)),
        y(d_y.size()),
        d_x(x.size()),
        pass{.rows = c.rows,
             .training = true,
             .step = 1,
             .row_id = ids.data(),
             .factor = 1,
             .row_category = categories.data()} {
    for (uint32_t row = 0; row < c.rows; ++row) categories[row] = row % 8;
    check::start(*made, c.rows, 3);
    for (Parameter* p : made->parameters()) {
      for (float& value : p->value) value *= 0.1f;
    }
    made->started();
    for (size_t task = 0; task < made->pack_tasks(true); ++task) made->pack(task);
  }

  void forward() { made->forward(pass, x.data(), y.data()); }
  void backward() { made->backward(pass, x.data(), d_y.data(), d_x.data()); }

  check::Room room;
  check::MadeLayer made;
  std::vector<uint64_t> ids;
  std::vector<uint32_t> categories;
  std::vector<float> x, d_y, y, d_x;
  Pass pass;
};

bool same(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

double weights_of(const Run& run) {
  double all = 0;
  for (const TensorSpec& spec : run.made.spec.type->tensors(run.made.spec.settings, run.made.input, run.made.output)) {
    double size = 1;
    for (const uint32_t n : spec.sizes) size *= n;
    if (spec.sizes.size() > 1) all += size;
  }
  return all;
}

// Multiply-adds of the forward pass. A convolution uses its weights at each place of its output, a transposed one at
// each place of its input.
double terms(const Case& c, const Run& run) {
  const std::string kind = run.made.spec.type->name;
  double uses = c.uses;
  if (kind.starts_with("conv_transpose")) {
    uses = static_cast<double>(run.made.input.places());
  } else if (kind.starts_with("conv")) {
    uses = static_cast<double>(run.made.output.places());
  }
  if (kind == "covariate" || kind == "positional_embedding") uses = 0;
  return c.rows * (uses * weights_of(run) + c.more_terms);
}

bool finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

bool first = true;

bool measure(const Case& c, double budget) {
  const auto one = std::make_unique<Run>(c, 1), two = std::make_unique<Run>(c, 2);
  Run* const runs[] = {one.get(), two.get()};
  for (Run* run : runs) {
    run->forward();
    run->backward();
  }
  if (!same(one->y, two->y) || !same(one->d_x, two->d_x) ||
      !same(check::parameter_gradients(*one->made), check::parameter_gradients(*two->made))) {
    std::fprintf(stderr, "%s: two threads give other bits than one, so it is not timed\n", c.settings);
    return false;
  }
  if (!finite(one->y) || !finite(one->d_x) || !finite(check::parameter_gradients(*one->made))) {
    std::fprintf(stderr, "%s: gives numbers that are not finite, so it is not timed\n", c.settings);
    return false;
  }
  using Clock = std::chrono::steady_clock;
  std::vector<double> forward[2], backward[2];
  const auto begun = Clock::now();
  const auto ms = [](Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double, std::milli>(to - from).count();
  };
  while (forward[0].size() < 5 || ms(begun, Clock::now()) < 1e3 * budget) {
    for (int i = 0; i < 2; ++i) {
      const auto before = Clock::now();
      runs[i]->forward();
      const auto between = Clock::now();
      runs[i]->backward();
      const auto after = Clock::now();
      forward[i].push_back(ms(before, between));
      backward[i].push_back(ms(between, after));
    }
  }
  const double weights = weights_of(*one), in = static_cast<double>(one->x.size()),
               out = static_cast<double>(one->y.size());
  std::printf(
      "%s\n  {\"kind\": \"%s\", \"settings\": %s, \"input\": \"%s\", \"rows\": %u, \"forward_terms\": %.0f, "
      "\"backward_terms\": %.0f, "
      "\"forward_bytes\": %.0f, \"backward_bytes\": %.0f",
      first ? "" : ",", one->made.spec.type->name, case_text(c.settings).c_str(), c.input.text().c_str(), c.rows,
      terms(c, *one), c.backward * terms(c, *one), 4 * (in + out + weights), 4 * (2 * in + out + 3 * weights));
  for (const auto& [key, lists] : {std::pair{"forward", forward}, std::pair{"backward", backward}}) {
    std::printf(", \"%s\": [", key);
    for (int i = 0; i < 2; ++i) {
      std::printf("%s[", i == 0 ? "" : ", ");
      for (size_t k = 0; k < lists[i].size(); ++k) std::printf("%s%.6g", k == 0 ? "" : ", ", lists[i][k]);
      std::printf("]");
    }
    std::printf("]");
  }
  std::printf("}");
  std::fflush(stdout);
  first = false;
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  const double budget = count > 1 ? std::atof(arguments[1]) : 1;
  const char* const wanted = count > 2 ? arguments[2] : "";
  std::printf("{\"kernels\": \"%s\", \"layers\": [", kernels().name);
  bool good = true;
  std::vector<std::string> missing;
  for (const LayerType* type : layer_types()) {
    if (std::strstr(type->name, wanted) == nullptr) continue;
    const std::string name = quoted(type->name);
    const auto of_type = [&](const Case& c) {
      const std::string settings = c.settings;
      return settings == name || settings.starts_with(name + ",");
    };
    // Types that need no settings, such as element-wise functions, have no case of their own.
    const Case* const found = std::find_if(std::begin(kCases), std::end(kCases), of_type);
    if (found != std::end(kCases)) {
      good = measure(*found, budget) && good;
      continue;
    }
    try {
      good = measure({name.c_str(), kFlat, 1024}, budget) && good;
    } catch (const Error&) {
      missing.push_back(name);
    }
  }
  std::printf("],\n\"missing\": [");
  for (size_t i = 0; i < missing.size(); ++i) std::printf("%s%s", i == 0 ? "" : ", ", missing[i].c_str());
  std::printf("]}\n");
  return good ? 0 : 1;
}
