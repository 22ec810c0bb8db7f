// Updates of all rows that pass over those no gradient has moved, against updates that do not.
#include <string>

#include "check.h"
#include "column_oracle.h"
#include "layers/rows_at_rest.h"

using namespace nrw;
using namespace nrw::oracle;

namespace {

constexpr uint32_t kColumns = 97, kWidth = 37, kRows = 5;

struct Side {
  ThreadPool pool;
  SparseInput input;
  ColumnWeights w;
  Side(const OptimizerStep& settings, bool pass_over)
      : pool(2), input(kernels(), pool), w(make_weights(kColumns, kWidth, settings.moments())) {
    w.moment1.zero();
    w.moment2.zero();
    input.leave_behind(settings, kColumns);
    if (pass_over) input.pass_over_rows_at_rest(settings, kColumns);
  }
};

OptimizerStep of(OptimizerKind kind, float momentum = 0, float weight_decay = 0) {
  OptimizerStep step{.kind = kind};
  step.momentum = momentum;
  step.weight_decay = weight_decay;
  step.learning_rate = 0.01f;
  return step;
}

bool same(const Side& a, const Side& b) {
  return same_bits(a.w.value, b.w.value) && same_bits(a.w.moment1, b.w.moment1) && same_bits(a.w.moment2, b.w.moment2);
}

}  // namespace

// Few columns at first, then others, over Adam's first steps and the later ones that leave rows behind.
TEST(rows_at_rest_change_no_bit) {
  for (const OptimizerStep& settings :
       {of(OptimizerKind::kAdam), of(OptimizerKind::kAdam, 0, 0.1f), of(OptimizerKind::kAdamW),
        of(OptimizerKind::kAdamW, 0, 0.1f), of(OptimizerKind::kSgd, 0.9f), of(OptimizerKind::kSgd),
        of(OptimizerKind::kRmsprop), of(OptimizerKind::kRmsprop, 0.9f)}) {
    Side plain(settings, false), passing(settings, true);
    const SparseBatch few = make_batch(kRows, kColumns, 0.05, false), more = make_batch(kRows, kColumns, 0.4, false, 4);
    CHECK(few.touched < more.touched && more.touched < kColumns);
    for (uint32_t t = 1; t <= 160; ++t) {
      OptimizerStep step = settings;
      step.step = t;
      step.bias_correction1 = static_cast<float>(1 - std::pow(step.beta1, t));
      step.bias_correction2_sqrt = static_cast<float>(std::sqrt(1 - std::pow(step.beta2, t)));
      const std::vector<float> d_y = make_dense(kRows * kWidth, 100 + t);
      for (Side* side : {&plain, &passing}) {
        side->input.backward_update(t % 50 < 40 ? few : more, d_y.data(), side->w, step);
        if (t != 70) continue;
        // Moments from elsewhere, in a row that no batch has an entry in.
        if (side->w.moment1.size() != 0) side->w.moment1_row(0)[3] = 0.25f;
        side->input.look_again();
      }
    }
    for (Side* side : {&plain, &passing}) side->input.catch_up(side->w);
    CHECK(same(plain, passing));
  }
}

TEST(rows_at_rest_are_passed_over) {
  const OptimizerStep adam = of(OptimizerKind::kAdam);
  ColumnWeights w = make_weights(4, kWidth, 2);
  w.moment1.zero();
  w.moment2.zero();
  w.moment2_row(2)[kWidth - 1] = 1e-30f;
  RowsAtRest rows;
  CHECK(!rows.pass_over(0, w));  // not asked for yet
  rows.enable(4);
  rows.move(1);
  const auto expect = [&](const std::string& passed_over) {
    for (size_t j = 0; j < 4; ++j)
      if (j != 1) CHECK(rows.pass_over(j, w) == (passed_over[j] == 'x'));
    rows.end_update_of_all();
  };
  expect("x--x");
  rows.move(3);
  expect("x---");
  w.moment1_row(0)[0] = 1;
  expect("x---");  // not told
  rows.forget();
  expect("---x");  // row 3 has moments of 0 as far as anyone can see
  CHECK(RowsAtRest::possible(adam) && !RowsAtRest::possible(of(OptimizerKind::kAdam, 0, 0.1f)));
  CHECK(!RowsAtRest::possible(of(OptimizerKind::kSgd)) && RowsAtRest::possible(of(OptimizerKind::kSgd, 0.9f)));
}
