#include "optim/adam.h"
#include "optim/optimizer_type.h"
#include "optim/rmsprop.h"
#include "optim/sgd.h"

#include "base/status.h"

namespace nrw {

namespace {
const OptimizerType* const kTypes[] = {&sgd_type, &adam_type, &adamw_type, &rmsprop_type};
}

std::span<const OptimizerType* const> optimizer_types() { return kTypes; }

OptimizerSettings optimizer_settings(const Json& given) {
  const Json* const name = given.find("name");
  if (name == nullptr || !name->is(Json::Kind::kText)) throw Error(NRW_INVALID_ARGUMENT, "optimizer.name: is missing");
  std::string names;
  for (const OptimizerType* type : kTypes) {
    if (name->text == type->name) {
      OptimizerSettings settings =
          type->settings(Settings(type->fields, given, "optimizer", "name learning_rate sparse"));
      if (const Json* const sparse = given.find("sparse"); sparse != nullptr) {
        if (sparse->text != "exact" && sparse->text != "lazy") {
          throw Error(NRW_INVALID_ARGUMENT, "optimizer.sparse: must be exact or lazy, got " + sparse->write());
        }
        settings.sparse = sparse->text == "lazy" ? SparseUpdate::kLazy : SparseUpdate::kExact;
      }
      return settings;
    }
    names += (names.empty() ? "" : ", ") + std::string(type->name);
  }
  throw Error(NRW_INVALID_ARGUMENT, "optimizer.name: must be one of " + names + ", got " + name->text.substr(0, 60));
}

}  // namespace nrw
