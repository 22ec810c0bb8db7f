#include "losses/mse.h"

#include "losses/reduction.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {kReduction};

std::unique_ptr<Loss> make(const LossContext& context) { return std::make_unique<SquaredError>(context.kernels); }

}  // namespace

const LossType mse_type = {"mse", "squared error of the reconstruction, over zeros too", kFields, true, true, make};

LossSums SquaredError::column(const LossColumn& c, double*) noexcept {
  if (c.dense != nullptr) kernels_.axpy(c.rows, -1, c.dense, c.o);
  const float bias = c.bias == nullptr ? 0 : *c.bias;
  const ResidualSums sums =
      sparse_.residual(c.rows, bias, c.entries, c.entry_row, c.entry, static_cast<float>(2 * c.factor), c.o);
  return {sums.squares, sums.squares, sums.gradient};
}

}  // namespace nrw
