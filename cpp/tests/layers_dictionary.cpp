// The two layers of a sparse autoencoder: sparse_code and dictionary, each by itself and as a pair.
#include "layers/dictionary.h"
#include "layers/top_k.h"

#include "layer_checks.h"

using namespace nrw;
using namespace nrw::check;

namespace {

constexpr const char* kPlainCode = R"({"kind": "sparse_code", "size": 37, "k": 4, "aux_weight": 0})";
constexpr const char* kCode =
    R"({"kind": "sparse_code", "size": 37, "k": 4, "aux_weight": 0.5, "aux_k": 3, "dead_after": 20})";
constexpr const char* kDictionary = R"({"kind": "dictionary", "size": 9})";
constexpr size_t kIn = 9, kUnits = 37;

// A pair as a network makes it, with starting values.
struct Pair {
  Room room;
  MadeLayer code, dictionary;
  Pair(const char* text, uint32_t rows, unsigned threads = 1, int moments = 0)
      : room(threads),
        code(room.products, text, Shape::flat(kIn)),
        dictionary(room.products, kDictionary, code.output) {
    CHECK(dictionary->take_code(*code));
    uint64_t seed = 70;
    for (const MadeLayer* made : {&code, &dictionary}) {
      (*made)->reserve(rows);
      for (Parameter* p : (*made)->parameters()) {
        p->allocate(moments);
        const auto values = random_values<float>(p->size(), seed++);
        for (size_t i = 0; i < p->size(); ++i) p->value[i] = p->name == "bias" ? 0.2f * values[i] : values[i];
      }
    }
  }
  std::vector<Parameter*> parameters() const {
    auto all = code->parameters();
    for (Parameter* p : dictionary->parameters()) all.push_back(p);
    return all;
  }
  // Rows without a value for some units, so that these are dead, and the state that says so.
  void kill(std::initializer_list<size_t> units) const {
    for (const size_t unit : units) code->buffers()[0]->value[unit] = 20;
  }
};

// The loss of a pair in double: sum of c y, and the aux term with its error as it was at first. Which values are kept
// is that of the engine's first pass, too.
struct Reference {
  std::vector<std::vector<uint32_t>> kept, aux_kept;
  std::vector<double> error;
  double aux = 0;

  static std::vector<std::vector<uint32_t>> units_of(const RowCode& code) {
    std::vector<std::vector<uint32_t>> all(code.rows);
    for (size_t i = 0; i < code.rows; ++i) {
      all[i].assign(&code.unit[i * code.capacity], &code.unit[i * code.capacity] + code.count[i]);
    }
    return all;
  }

  // p: W, b, D, c one after the other.
  double loss(const std::vector<double>& p, const std::vector<float>& x, const std::vector<float>& c, Pass pass) {
    const double *const w = p.data(), *const b = w + kUnits * kIn, *const d = b + kUnits,
                        *const centre = d + kUnits * kIn;
    const bool first = error.empty();
    double sum = 0;
    for (size_t i = 0; i < pass.rows; ++i) {
      const auto of = [&](const std::vector<uint32_t>& units, bool with_centre, double* out) {
        for (size_t q = 0; q < kIn; ++q) out[q] = with_centre ? centre[q] : 0;
        for (const uint32_t u : units) {
          double z = b[u];
          for (size_t q = 0; q < kIn; ++q) z += w[u * kIn + q] * (double(x[i * kIn + q]) - centre[q]);
          for (size_t q = 0; q < kIn; ++q) out[q] += z * d[u * kIn + q];
        }
      };
      double y[kIn], e[kIn];
      of(kept[i], true, y);
      for (size_t q = 0; q < kIn; ++q) sum += double(c[i * kIn + q]) * y[q];
      if (aux_kept.empty()) continue;
      of(aux_kept[i], false, e);
      for (size_t q = 0; q < kIn; ++q) {
        if (first) error.push_back(double(x[i * kIn + q]) - y[q]);
        const double apart = e[q] - error[i * kIn + q];
        sum += pass.factor * pass.weight(i) * aux * apart * apart;
      }
    }
    return sum;
  }
};

// Rows that take values of W's both signs, far from ties by what a float rounds.
std::vector<float> rows_of(uint32_t rows) { return random_values<float>(rows * kIn, 5); }

void check_pair_gradients(bool aux) {
  constexpr uint32_t kRows = 6;
  const Pair pair(kCode, kRows);
  if (aux) pair.kill({1, 4, 8, 20, 21, 36});
  const auto x = rows_of(kRows), c = random_values<float>(kRows * kIn, 6);
  const std::vector<float> weights = {1, 2, 0.5f, 1, 0, 3};
  const Pass pass{.rows = kRows, .training = true, .factor = 0.3, .row_weight = weights.data()};
  std::vector<float> y(kRows * kIn), d_x(kRows * kIn);
  auto& code = dynamic_cast<SparseCode&>(*pair.code);
  pair.code->make_code(pass, x.data());
  pair.dictionary->decode(pass, y.data());
  Reference reference;
  reference.kept = Reference::units_of(code.code());
  if (aux) {
    reference.aux = 0.5;
    reference.aux_kept = Reference::units_of(code.aux_code());
    size_t used = 0;
    for (const auto& units : reference.aux_kept) used += units.size();
    CHECK(used > 0);
  }
  std::vector<double> all;
  for (Parameter* p : pair.parameters()) all.insert(all.end(), p->value.begin(), p->value.end());
  const auto loss = [&] { return reference.loss(all, x, c, pass); };
  const double here = loss();
  CHECK_CLOSE(weighted(c, y.data()) + pass.factor * pair.dictionary->penalty(), here, 1e-5 * (1 + std::fabs(here)));
  CHECK((pair.dictionary->penalty() > 0) == aux);

  pair.dictionary->backward_to_code(pass, c.data());
  pair.code->backward_of_code(pass, x.data(), d_x.data());
  std::vector<double> expected(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    const double before = all[i];
    all[i] = before + 1e-5;
    const double up = loss();
    all[i] = before - 1e-5;
    expected[i] = (up - loss()) / 2e-5;
    all[i] = before;
  }
  // Of the directions only what is not along them.
  double* const d = expected.data() + kUnits * kIn + kUnits;
  for (size_t u = 0; u < kUnits; ++u) {
    double along = 0, squares = 0;
    for (size_t q = 0; q < kIn; ++q) {
      const double w = all[kUnits * kIn + kUnits + u * kIn + q];
      along += w * d[u * kIn + q];
      squares += w * w;
    }
    for (size_t q = 0; q < kIn; ++q) d[u * kIn + q] -= along / squares * all[kUnits * kIn + kUnits + u * kIn + q];
  }
  size_t at = 0, nonzero = 0;
  for (Parameter* p : pair.parameters()) {
    for (const float gradient : p->gradient) {
      nonzero += expected[at] != 0;
      CHECK_CLOSE(gradient, expected[at++], 2e-5);
    }
  }
  CHECK(nonzero > 100);
  if (aux) return;  // e is taken for a constant, but x is in it
  const auto of_x = [&] {
    std::vector<double> same;
    for (Parameter* p : pair.parameters()) same.insert(same.end(), p->value.begin(), p->value.end());
    return same;
  }();
  auto moved = x;
  check_gradient("x", moved.data(), d_x.data(), moved.size(), 1e-2, 1e-4,
                 [&] { return reference.loss(of_x, moved, c, pass); });
}

}  // namespace

TEST(selection_is_that_of_the_whole_product) {
  for (const size_t units : {1u, 5u, 64u, 65u, 1000u, 5000u}) {
    for (const size_t k : {size_t{1}, size_t{7}, units}) {
      if (k > units) continue;
      Room room(3);
      constexpr size_t kRows = 150, kWidth = 6;
      auto x = random_values<float>(kRows * kWidth, 1);
      auto w = random_values<float>(units * kWidth, 2);
      const auto b = random_values<float>(units, 3);
      for (float& value : w) value = std::round(4 * value);  // ties
      for (float& value : x) value = std::round(4 * value);
      std::vector<float> bias(units), row(units);
      for (size_t u = 0; u < units; ++u) bias[u] = std::round(3 * b[u]);
      CodeSelection selection(room.products, units, kWidth, k);
      selection.reserve(kRows, 3);
      RowCode code;
      code.reserve(kRows, k);
      selection.select(kRows, x.data(), w.data(), bias.data(), nullptr, units, code);
      std::vector<uint32_t> keys(units), chosen;
      std::vector<uint8_t> kept(units);
      for (size_t i = 0; i < kRows; ++i) {
        for (size_t u = 0; u < units; ++u) {
          row[u] = bias[u];
          for (size_t p = 0; p < kWidth; ++p) row[u] += x[i * kWidth + p] * w[u * kWidth + p];
          row[u] = std::max(row[u], 0.0f);
        }
        select_largest(units, k, row.data(), keys.data(), kept.data());
        size_t e = i * k;
        for (size_t u = 0; u < units; ++u) {
          if (!kept[u] || row[u] == 0) continue;
          CHECK(e < i * k + code.count[i] && code.unit[e] == u && code.value[e] == row[u]);
          ++e;
        }
        CHECK(e == i * k + code.count[i]);
      }
      // Of some units alone.
      for (size_t u = 0; u < units; u += 3) chosen.push_back(static_cast<uint32_t>(u));
      selection.select(kRows, x.data(), w.data(), bias.data(), chosen.data(), chosen.size(), code);
      for (size_t e = 0; e < code.count[7]; ++e) CHECK(code.unit[7 * k + e] % 3 == 0);
    }
  }
}

TEST(sparse_code_passes_nan_on) {
  Room room;
  const MadeLayer made(room.products, kPlainCode, Shape::flat(kIn));
  start(*made, 2, 1);
  auto x = rows_of(2);
  x[3] = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> y(2 * kUnits);
  made->forward({.rows = 2, .training = true}, x.data(), y.data());
  CHECK(std::any_of(y.begin(), y.begin() + kUnits, [](float value) { return value != value; }));
  CHECK(std::all_of(y.begin() + kUnits, y.end(), [](float value) { return value == value; }));
}

TEST(sparse_code_and_dictionary_by_themselves) {
  Room room;
  const MadeLayer code(room.products, R"({"kind": "sparse_code", "size": 12, "k": 3})", Shape::flat(kIn));
  start(*code, 6, 1);
  check_layer_gradients(code, {.rows = 6}, rows_of(6), 1e-3, 2e-3);
  const MadeLayer dictionary(room.products, kDictionary, Shape::flat(12));
  start(*dictionary, 6, 1);
  auto z = random_values<float>(6 * 12, 9);
  for (size_t i = 0; i < z.size(); i += 2) z[i] = 0;
  const auto c = random_values<float>(6 * kIn, 10);
  std::vector<float> y(6 * kIn), d_z(z.size());
  const Pass pass{.rows = 6, .training = true};
  const auto loss = [&] {
    dictionary->forward(pass, z.data(), y.data());
    return weighted(c, y.data());
  };
  loss();
  dictionary->backward(pass, z.data(), c.data(), d_z.data());
  check_gradient("z", z.data(), d_z.data(), z.size(), 1e-2, 1e-4, loss);
}

TEST(a_pair_has_the_gradients_of_its_loss) { check_pair_gradients(false); }
TEST(a_pair_has_the_gradients_of_its_loss_with_dead_units) { check_pair_gradients(true); }

// The same network with rows of all units between the layers.
TEST(a_pair_is_its_layers_one_after_the_other) {
  constexpr uint32_t kRows = 20;
  const Pair pair(kPlainCode, kRows), apart(kPlainCode, kRows);
  const auto x = rows_of(kRows), d_y = random_values<float>(kRows * kIn, 6);
  const Pass pass{.rows = kRows, .training = true};
  std::vector<float> y(kRows * kIn), z(kRows * kUnits), other(kRows * kIn), d_z(z.size());
  pair.code->make_code(pass, x.data());
  pair.dictionary->decode(pass, y.data());
  apart.code->forward(pass, x.data(), z.data());
  apart.dictionary->forward(pass, z.data(), other.data());
  CHECK(y == other);
  pair.dictionary->backward_to_code(pass, d_y.data());
  pair.code->backward_of_code(pass, x.data(), nullptr);
  apart.dictionary->backward(pass, z.data(), d_y.data(), d_z.data());
  apart.code->backward(pass, x.data(), d_z.data(), nullptr);
  const auto ours = pair.parameters(), theirs = apart.parameters();
  for (size_t k = 0; k < ours.size(); ++k) {
    for (size_t i = 0; i < ours[k]->size(); ++i) CHECK_CLOSE(ours[k]->gradient[i], theirs[k]->gradient[i], 1e-5);
  }
}

// An update within the backward pass has the bits of gradients first and an update of everything afterwards, on any
// number of threads; and directions have length 1 after either.
TEST(updates_within_the_backward_pass_are_the_same) {
  constexpr uint32_t kRows = 20;
  std::vector<std::vector<float>> first;
  for (const unsigned threads : {1u, 2u, 5u}) {
    for (const bool within : {false, true}) {
      const Pair pair(kCode, kRows, threads, 2);
      pair.kill({1, 4, 8, 20, 21, 36});
      const auto x = rows_of(kRows);
      std::vector<float> y(kRows * kIn), d_y(kRows * kIn);
      double squares = 0;
      for (uint64_t t = 1; t <= 4; ++t) {
        OptimizerStep step{.kind = OptimizerKind::kAdam, .learning_rate = 0.01f, .step = double(t)};
        step.bias_correction1 = static_cast<float>(1 - std::pow(0.9, double(t)));
        step.bias_correction2_sqrt = static_cast<float>(std::sqrt(1 - std::pow(0.999, double(t))));
        const Pass pass{.rows = kRows, .training = true, .step = t, .factor = 0.1};
        pair.code->update_within(within ? &step : nullptr);
        pair.dictionary->update_within(within ? &step : nullptr);
        for (Parameter* p : pair.parameters()) p->gradient.zero();
        pair.code->make_code(pass, x.data());
        pair.dictionary->decode(pass, y.data());
        for (size_t i = 0; i < y.size(); ++i) d_y[i] = 0.2f * (y[i] - x[i]);
        pair.dictionary->backward_to_code(pass, d_y.data());
        pair.code->backward_of_code(pass, x.data(), nullptr);
        squares = pair.code->squares_within() + pair.dictionary->squares_within();
        for (Parameter* p : pair.parameters()) {
          if (p->updated_within) continue;
          squares += pair.room.products.kernels().sum_squares(p->size(), p->gradient.data());
          pair.room.products.kernels().update(p->size(), step, p->gradient.data(), p->value.data(), p->moment1.data(),
                                              p->moment2.data());
        }
        pair.code->commit();
        pair.dictionary->commit();
      }
      std::vector<std::vector<float>> all{y};
      for (Parameter* p : pair.parameters()) {
        all.emplace_back(p->value.begin(), p->value.end());
        all.emplace_back(p->moment2.begin(), p->moment2.end());
      }
      auto& since = pair.code->buffers()[0]->value;
      all.emplace_back(since.begin(), since.end());
      if (first.empty()) first = all;
      CHECK(squares > 0 && all == first);
      const float* const directions = pair.dictionary->parameters()[0]->value.data();
      for (size_t u = 0; u < kUnits; ++u) {
        CHECK_CLOSE(pair.room.products.kernels().sum_squares(kIn, directions + u * kIn), 1, 1e-6);
      }
    }
  }
}

TEST(rows_since_a_unit_was_active) {
  constexpr uint32_t kRows = 6;
  const Pair pair(kCode, kRows);
  const auto x = rows_of(kRows);
  const Pass pass{.rows = kRows, .training = true};
  auto& code = dynamic_cast<SparseCode&>(*pair.code);
  auto& since = pair.code->buffers()[0]->value;
  pair.code->make_code({.rows = kRows}, x.data());
  pair.code->commit();
  CHECK(std::all_of(since.begin(), since.end(), [](float rows) { return rows == 0; }));  // no training
  for (int round = 1; round <= 5; ++round) {
    pair.code->make_code(pass, x.data());
    pair.code->commit();
    std::vector<bool> active(kUnits);
    for (const auto& units : Reference::units_of(code.code())) {
      for (const uint32_t unit : units) active[unit] = true;
    }
    size_t silent = 0;
    for (size_t u = 0; u < kUnits; ++u) {
      silent += !active[u];
      CHECK(since[u] == (active[u] ? 0 : std::min(6.0f * static_cast<float>(round), 20.0f)));
    }
    CHECK(silent > 0 && silent < kUnits);
  }
}

TEST(starting_values_of_a_pair) {
  const Pair pair(kCode, 1);
  pair.dictionary->started();
  const auto code = pair.code->parameters(), dictionary = pair.dictionary->parameters();
  CHECK(std::equal(code[0]->value.begin(), code[0]->value.end(), dictionary[0]->value.begin()));
  CHECK_CLOSE(pair.room.products.kernels().sum_squares(kIn, dictionary[0]->value.data()), 1, 1e-6);
}

TEST(sparse_code_and_dictionary_threads) {
  check_threads(R"({"kind": "sparse_code", "size": 600, "k": 20})", Shape::flat(30), 130);
  check_threads(R"({"kind": "dictionary", "size": 70})", Shape::flat(300), 130);
}

TEST(sparse_code_and_dictionary_refusals) {
  CHECK(refusal(R"({"kind": "sparse_code", "size": 5, "k": 6})", Shape::flat(5))
            .rfind("layer.k: must be at most the number of units, 5, got 6", 0) == 0);
  CHECK(refusal(R"({"kind": "sparse_code", "size": 5, "k": 2})", Shape::signal(3, 4)).find("put a flatten before it") !=
        std::string::npos);
  CHECK(refusal(R"({"kind": "dictionary", "size": 5})", Shape::signal(3, 4)).find("put a flatten before it") !=
        std::string::npos);
  Room room;
  const MadeLayer code(room.products, kCode, Shape::flat(8)), dictionary(room.products, kDictionary, code.output);
  CHECK(!dictionary->take_code(*code));  // 8 inputs, 9 outputs
}
