#include "losses/reduction.h"

#include "check.h"

using namespace nrw;

TEST(reduction_factors) {
  CHECK_CLOSE(reduction_factor(Reduction::kMean, 8, 50), 1.0 / 400, 1e-18);
  CHECK_CLOSE(reduction_factor(Reduction::kRowMean, 8, 50), 1.0 / 8, 0);
  CHECK_CLOSE(reduction_factor(Reduction::kSum, 8, 50), 1, 0);
}
