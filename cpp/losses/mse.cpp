#include "losses/mse.h"

#include "losses/reduction.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {kReduction};

std::unique_ptr<Loss> make(const LossContext& context) { return std::make_unique<SquaredError>(context.kernels); }

}  // namespace

const LossType mse_type = {.name = "mse",
                           .about = "squared error of the reconstruction, over zeros too",
                           .fields = kFields,
                           .separable = true,
                           .quadratic = true,
                           .make = make,
                           .link = "identity"};

LossSums SquaredError::column(const LossColumn& c, double*) noexcept {
  if (c.dense != nullptr) kernels_.axpy(c.rows, -1, c.dense, c.o);
  const float bias = c.bias == nullptr ? 0 : *c.bias, slope = static_cast<float>(2 * c.factor * c.weight);
  const bool weighted = c.row_weight != nullptr;
  const ResidualSums sums = sparse_.residual(c.rows, bias, c.entries, c.entry_row, c.entry, weighted ? 1 : slope, c.o);
  if (!weighted) return {c.weight * sums.squares, sums.squares, sums.squares, sums.gradient};
  double value = 0, gradient = 0;
  for (size_t i = 0; i < c.rows; ++i) {
    const float error = c.o[i], pulled = c.row_weight[i] * error;
    value += static_cast<double>(pulled) * static_cast<double>(error);
    c.o[i] = slope * pulled;
    gradient += static_cast<double>(c.o[i]);
  }
  return {c.weight * value, sums.squares, sums.squares, gradient};
}

}  // namespace nrw
