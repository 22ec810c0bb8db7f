// One less the cosine of the angle between the outputs o and the targets y of a row:
//   1 - o . y / (|o| |y|), where a length below 1e-8 counts as 1e-8, as in torch.nn.CosineSimilarity.
// A row whose targets are all 0 has a loss of 1 and no gradient.
#pragma once

#include "losses/loss_type.h"

namespace nrw {

extern const LossType cosine_type;

class Cosine final : public Loss {
 public:
  bool separable() const noexcept override { return false; }
  explicit Cosine(size_t columns) : columns_(columns) {}
  LossSums column(const LossColumn&, double*) noexcept override { return {}; }
  double row(const LossRow& row) noexcept override;

 private:
  const size_t columns_;
};

}  // namespace nrw
