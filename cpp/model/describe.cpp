#include "model/describe.h"

#include "optim/optimizer_type.h"

namespace nrw {

namespace {

Json shape_list(const Shape& shape) {
  Json list = Json::list({});
  for (uint32_t i = 0; i < shape.dimensions; ++i) list.items.emplace_back(static_cast<double>(shape.sizes[i]));
  return list;
}

Json number(uint64_t value) { return static_cast<double>(value); }

}  // namespace

Json describe(const Plan& plan) {
  Json layers = Json::list({});
  for (const PlannedLayer& layer : plan.layers) {
    layers.items.push_back(Json::map({{"part", std::string(layer.in_encoder ? "encoder" : "decoder")},
                                      {"index", number(layer.index)},
                                      {"kind", std::string(layer.spec.type->name)},
                                      {"input", shape_list(layer.input)},
                                      {"output", shape_list(layer.output)},
                                      {"parameters", number(layer.parameters())},
                                      {"solver", std::string(solver_name(layer))},
                                      {"settings", layer.spec.settings.all()}}));
  }
  const Json latent = Json::map({{"size", number(plan.latent().size())}, {"shape", shape_list(plan.latent())}});
  return Json::map({{"columns", number(plan.columns)},
                    {"shape", shape_list(plan.shape)},
                    {"latent", latent},
                    {"parameters", number(plan.parameters())},
                    {"layers", std::move(layers)}});
}

Json vocabulary() {
  Json layers = Json::list({}), losses = Json::list({}), optimizers = Json::list({});
  for (const LayerType* type : layer_types()) {
    Json all = describe(type->name, type->about, type->fields);
    const auto after_about = [&](const char* key, Json value) {
      all.members.insert(all.members.begin() + 2, {key, std::move(value)});
    };
    if (type->bounds != nullptr) after_about("bounds", Json::parse(type->bounds));
    if (type->onnx != nullptr) after_about("onnx", std::string(type->onnx));
    if (type->torch != nullptr) after_about("torch", std::string(type->torch));
    if (type->noise) after_about("noise", true);
    if (type->few_values) after_about("few_values", true);
    if (type->divergence) after_about("divergence", true);
    layers.items.push_back(std::move(all));
  }
  for (const LossType* type : loss_types()) {
    Json all = describe(type->name, type->about, type->fields);
    all.members.insert(
        all.members.begin() + 2,
        {{"separable", type->separable}, {"quadratic", type->quadratic}, {"likelihood", type->likelihood}});
    if (type->link != nullptr) all.members.insert(all.members.begin() + 5, {"link", std::string(type->link)});
    losses.items.push_back(std::move(all));
  }
  for (const OptimizerType* type : optimizer_types()) {
    Json all = describe(type->name, type->about, type->fields);
    if (type->decoupled) all.members.insert(all.members.begin() + 2, {"decoupled", true});
    optimizers.items.push_back(std::move(all));
  }
  return Json::map(
      {{"layers", std::move(layers)}, {"losses", std::move(losses)}, {"optimizers", std::move(optimizers)}});
}

}  // namespace nrw
