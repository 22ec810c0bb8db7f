// Losses of whole rows: against PyTorch (tests/golden/make_losses.py says what losses.json holds), slopes in double,
// and rows without content.
#include "golden_json.h"
#include "losses/spectrogram.h"
#include "losses/structure.h"
#include "make_loss.h"

using namespace nrw;
using namespace nrw::check;

namespace {

// o, target: rows x columns. The loss of each row; d_o, where given, gets their derivatives times factors (rows).
std::vector<double> values_of(Loss& loss, size_t columns, const std::vector<float>& o, const std::vector<float>& target,
                              const std::vector<float>& factors, std::vector<float>* d_o) {
  std::vector<float> workspace(loss.row_workspace(), NAN);
  std::vector<double> values;
  for (size_t i = 0; i < factors.size(); ++i) {
    values.push_back(loss.row({.factor = factors[i],
                               .o = o.data() + i * columns,
                               .target = target.data() + i * columns,
                               .d_o = d_o == nullptr ? nullptr : d_o->data() + i * columns,
                               .workspace = workspace.data()}));
  }
  return values;
}

}  // namespace

TEST(losses_of_rows_agree_with_pytorch) {
  size_t cases = 0;
  for (const Json& given : golden_cases("losses.json").items) {
    const std::string name = given.find("loss")->write();
    const Shape shape = shape_of(*given.find("shape"));
    const MadeLoss loss(name, shape);
    CHECK(!loss->separable() && !loss.spec.type->separable);
    if (loss.spec.type->check != nullptr) loss.spec.type->check(loss.spec.settings, shape);
    const auto list = [&](const char* what) { return numbers(*given.find(what)); };
    const std::vector<float> o = list("o"), target = list("target"), value = list("value"), d_o = list("d_o");
    std::vector<float> found(o.size(), NAN);
    const std::vector<double> values = values_of(*loss.loss, shape.size(), o, target, list("c"), &found);
    CHECK(values == values_of(*loss.loss, shape.size(), o, target, list("c"), nullptr));
    for (size_t i = 0; i < value.size(); ++i) CHECK_CLOSE(values[i], value[i], 2e-6 * value[i]);
    float largest = 0;
    for (const float slope : d_o) largest = std::fmax(largest, std::fabs(slope));
    for (size_t i = 0; i < d_o.size(); ++i) {
      if (std::fabs(found[i] - d_o[i]) <= 3e-5f * largest) continue;  // 1 / S of a small magnitude
      failed(name.c_str(), static_cast<int>(i), format("%.9g, PyTorch has %.9g", double(found[i]), double(d_o[i])));
    }
    ++cases;
  }
  CHECK(cases > 0);
}

TEST(losses_of_rows_have_slopes) {
  const size_t n = 63;
  std::vector<double> x = random_values<double>(n, 1), d_x(n, 1.0);
  const std::vector<double> y = random_values<double>(n, 2);
  const Structure<double> structure(9, 7, 5, 2);
  std::vector<double> room(structure.workspace());
  structure(x.data(), y.data(), 3, d_x.data(), room.data());
  check_gradient("structure", x.data(), d_x.data(), n, 1e-5, 1e-7,
                 [&] { return 3 * structure(x.data(), y.data(), 1, nullptr, room.data()); });
  for (const double log_share : {0.0, 0.6, 1.0}) {
    const Spectrogram<double> spectrogram(n, 16, 5, 0.01);
    room.resize(spectrogram.workspace());
    std::fill(d_x.begin(), d_x.end(), 0.0);
    spectrogram(x.data(), y.data(), log_share, 3, d_x.data(), room.data());
    check_gradient("spectrogram", x.data(), d_x.data(), n, 1e-6, 1e-6,
                   [&] { return 3 * spectrogram(x.data(), y.data(), log_share, 1, nullptr, room.data()); });
  }
}

TEST(losses_of_rows_stay_finite) {
  struct Row {
    const char* text;
    double silent, same, blind;  // outputs and targets of 0; both the same; targets of 0
  };
  const Shape shape = Shape::signal(16, 16);
  for (const Row& c : {Row{"{\"kind\": \"cosine\"}", 1, 0, 1}, Row{"{\"kind\": \"ssim\"}", 0, 0, -1},
                       Row{"{\"kind\": \"spectral\", \"fft_sizes\": [16]}", 0, 0, -1}}) {
    const MadeLoss loss(c.text, shape);
    const std::vector<float> none(256, 0.0f), some = random_values<float>(256, 3), level(256, 1000.0f);
    std::vector<float> d_o(256);
    const auto of = [&](const std::vector<float>& o, const std::vector<float>& target) {
      const double value = values_of(*loss.loss, 256, o, target, {1}, &d_o)[0];
      CHECK(std::isfinite(value));
      for (const float slope : d_o) CHECK(std::isfinite(slope));
      return value;
    };
    CHECK_CLOSE(of(none, none), c.silent, 0);
    CHECK_CLOSE(of(some, some), c.same, 1e-6);
    // A norm and the size of a logarithm have slopes of either sign right beside 0.
    const bool smooth = std::string(c.text).find("spectral") == std::string::npos;
    for (const float slope : d_o) CHECK(!smooth || std::fabs(slope) <= 1e-6f);
    const double blind = of(some, none);
    CHECK(c.blind < 0 ? blind > 0 : blind == c.blind);
    of(none, some);
    of(level, level);
  }
}

TEST(losses_of_rows_refuse_shapes) {
  const auto refused = [](const char* text, const Shape& shape, const char* why) {
    const LossSpec spec = loss_spec(Json::parse(text));
    try {
      spec.type->check(spec.settings, shape);
      failed(text, 0, "was taken");
    } catch (const Error& error) {
      CHECK(error.code() == NRW_INVALID_ARGUMENT);
      if (std::string(error.what()).find(why) == std::string::npos) failed(text, 0, error.what());
    }
  };
  refused("{\"kind\": \"ssim\"}", Shape::flat(64), "loss.kind: ssim compares images, got rows of shape 64");
  refused("{\"kind\": \"ssim\"}", Shape::signal(8, 20),
          "loss.window: must be at most height and width of the images, 8");
  refused("{\"kind\": \"ssim\", \"window\": 6}", Shape::signal(8, 20), "loss.window: must be odd, got 6");
  refused("{\"kind\": \"spectral\"}", Shape::image(1, 8, 8), "loss.kind: spectral compares signals");
  refused("{\"kind\": \"spectral\"}", Shape::signal(2, 100), "loss.fft_sizes: must be at most the length");
  refused("{\"kind\": \"spectral\", \"fft_sizes\": [12]}", Shape::flat(100), "loss.fft_sizes: must be powers of 2");
}
