#include "losses/binary_cross_entropy.h"

#include <cmath>

#include "losses/links.h"
#include "losses/reduction.h"
#include "losses/targets.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {kReduction};

std::unique_ptr<Loss> make(const LossContext& context) { return std::make_unique<BinaryCrossEntropy>(context.kernels); }

void terms(LossBlock& b, const float* target, const ElementaryKernels& elementary) noexcept {
  float p[LossBlock::kRows];
  sigmoid_softplus(elementary, b.n, b.o[0], p, b.value);
  for (size_t i = 0; i < b.n; ++i) {
    const float y = target == nullptr ? 0 : target[i];
    const float r = p[i] - y;
    b.value[i] -= b.o[0][i] * y;
    b.square[i] = r * r;
    b.d[0][i] = r;
  }
}

}  // namespace

const LossType binary_cross_entropy_type = {
    .name = "binary_cross_entropy",
    .about = "cross-entropy of targets from 0 to 1, with the outputs as logits; the reconstruction is their sigmoid",
    .fields = kFields,
    .separable = true,
    .quadratic = false,
    .make = make,
    .likelihood = true,
    .link = "sigmoid"};

void BinaryCrossEntropy::begin(const Batch& batch) {
  require_targets(batch, 0, 1, "binary_cross_entropy", "from 0 to 1",
                  "data.transforms with clip: [0, 1], binarize or scale bring them there");
}

LossSums BinaryCrossEntropy::column(const LossColumn& c, double* head_gradients) noexcept {
  return by_blocks(
             c, 1, nullptr, false, head_gradients, [&](LossBlock& b) { terms(b, nullptr, elementary_); },
             [&](LossBlock& b) { terms(b, b.target, elementary_); })
      .sums;
}

// -y log y - (1 - y) log(1 - y), which is 0 for 0 and 1.
FitTerms BinaryCrossEntropy::fit_terms(uint32_t, size_t n, const float* values) const noexcept {
  FitTerms sums;
  for (size_t i = 0; i < n; ++i) {
    const double y = static_cast<double>(values[i]);
    if (y > 0 && y < 1) sums.perfect -= y * std::log(y) + (1 - y) * std::log1p(-y);
  }
  return sums;
}

double BinaryCrossEntropy::mean_loss(uint32_t, double rows, double sum) const noexcept {
  const double p = sum / rows;
  return p > 0 && p < 1 ? -sum * std::log(p) - (rows - sum) * std::log1p(-p) : 0;
}

void BinaryCrossEntropy::reconstruct(size_t, size_t n, float* o) const noexcept {
  float x[LossBlock::kRows] = {};
  for (size_t first = 0; first < n; first += LossBlock::kRows) {
    const size_t count = std::min(LossBlock::kRows, n - first);
    std::copy_n(o + first, count, x);
    sigmoid_softplus(elementary_, count, x, o + first, nullptr);
  }
}

}  // namespace nrw
