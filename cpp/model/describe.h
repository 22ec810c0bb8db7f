// What narrows.h tells of a network and of all types, as JSON.
#pragma once

#include "base/json.h"
#include "model/plan.h"

namespace nrw {

Json describe(const Plan& plan);
Json vocabulary();

}  // namespace nrw
