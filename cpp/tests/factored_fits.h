// Fits of the factored output layer to made-up rows, for its tests.
#pragma once

#include "factored_steps.h"
#include "kernels/kernels.h"
#include "layers/factored_output.h"

namespace nrw {

inline constexpr uint32_t kRefitColumns = 40, kRefitWidth = 40;  // more than a panel of doubles

// Rows that all count the same.
inline std::vector<Step> rows_to_fit() {
  std::vector<Step> made;
  for (uint64_t t = 0; t < 8; ++t) {
    made.push_back(make_step(t, {.rows = 16, .columns = kRefitColumns, .width = kRefitWidth}));
    std::fill(made.back().weights.begin(), made.back().weights.end(), 1.0f);
  }
  return made;
}

// W of a fit to `made`, with these rows held out.
inline std::vector<double> fitted(const std::vector<Step>& made, const std::vector<Step>& held,
                                  const LeastSquaresSettings& settings) {
  ThreadPool pool(2);
  FactoredOutput layer(kRefitColumns, kRefitWidth, settings, 0, kernels(), pool);
  layer.begin_refit();
  for (const Step& s : made) layer.absorb(s.batch, s.h.data(), s.weights.data());
  for (const Step& s : held) layer.hold_out(s.batch, s.h.data(), s.weights.data());
  layer.end_refit();
  return weights_of(layer, kRefitColumns, kRefitWidth);
}

}  // namespace nrw
