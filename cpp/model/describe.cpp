#include "model/describe.h"

#include "layers/inner_layers.h"
#include "optim/optimizer_type.h"

namespace nrw {

namespace {

Json shape_list(const Shape& shape) {
  Json list = Json::list({});
  for (uint32_t i = 0; i < shape.dimensions; ++i) list.items.emplace_back(static_cast<double>(shape.sizes[i]));
  return list;
}

Json number(uint64_t value) { return static_cast<double>(value); }

uint64_t values_of(const std::vector<TensorSpec>& tensors) {
  uint64_t sum = 0;
  for (const TensorSpec& tensor : tensors) sum += tensor.size();
  return sum;
}

// What stands within a layer: its layers, each with what stands within it, and what goes past them.
std::vector<std::pair<std::string, Json>> inside(const LayerSpec& spec, const Shape& input) {
  if (spec.type->within == nullptr) return {{"layers", Json::list({})}, {"past", Json()}};
  const Within within = spec.type->within(spec.settings, input);
  const InnerPlan inner(spec.settings, within.input);
  Json layers = Json::list({});
  for (size_t i = 0; i < inner.layers.size(); ++i) {
    const auto& [type, settings] = inner.layers[i];
    const Shape &from = inner.shapes[i], &to = inner.shapes[i + 1];
    Json about = Json::map({{"kind", std::string(type->name)},
                            {"input", shape_list(from)},
                            {"output", shape_list(to)},
                            {"parameters", number(values_of(type->tensors(settings, from, to)))},
                            {"settings", settings.all()}});
    for (auto& member : inside(inner.layers[i], from)) about.members.push_back(std::move(member));
    layers.items.push_back(std::move(about));
  }
  const Json past =
      within.past == 0
          ? Json()
          : Json::map({{"first", number(within.first)}, {"size", number(within.past)}, {"added", within.added}});
  return {{"layers", std::move(layers)}, {"past", past}};
}

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
    for (auto& member : inside(layer.spec, layer.input)) layers.items.back().members.push_back(std::move(member));
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
