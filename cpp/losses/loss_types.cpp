#include "base/status.h"
#include "losses/binary_cross_entropy.h"
#include "losses/cosine.h"
#include "losses/huber.h"
#include "losses/loss_type.h"
#include "losses/mae.h"
#include "losses/mse.h"
#include "losses/negative_binomial.h"
#include "losses/poisson.h"
#include "losses/spectral.h"
#include "losses/ssim.h"

namespace nrw {

namespace {
const LossType* const kTypes[] = {
    &mse_type,      &mae_type,  &huber_type,   &binary_cross_entropy_type, &cosine_type,
    &spectral_type, &ssim_type, &poisson_type, &negative_binomial_type,    &zero_inflated_negative_binomial_type};
}

std::span<const LossType* const> loss_types() { return kTypes; }

LossSpec loss_spec(const Json& given) {
  const Json* const kind = given.find("kind");
  if (kind == nullptr || !kind->is(Json::Kind::kText)) throw Error(NRW_INVALID_ARGUMENT, "loss.kind: is missing");
  std::string names;
  for (const LossType* type : kTypes) {
    if (kind->text == type->name) return {type, Settings(type->fields, given, "loss", "kind")};
    names += (names.empty() ? "" : ", ") + std::string(type->name);
  }
  throw Error(NRW_INVALID_ARGUMENT, "loss.kind: must be one of " + names + ", got " + kind->text.substr(0, 60));
}

}  // namespace nrw
