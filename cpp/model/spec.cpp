#include "model/spec.h"

#include <charconv>
#include <cmath>

#include "base/status.h"
#include "optim/optimizer_type.h"

namespace nrw {

namespace {

constexpr Field kFields[] = {
    {.name = "columns", .type = Field::Type::kCount, .about = "width of a row", .minimum = 1},
    {.name = "shape", .type = Field::Type::kSize, .about = "of a row", .fallback = "0", .minimum = 1},
    {.name = "data",
     .type = Field::Type::kWord,
     .about = "form of the rows",
     .fallback = "\"sparse\"",
     .words = "sparse dense"},
    {.name = "threads",
     .type = Field::Type::kCount,
     .about = "of the engine",
     .fallback = "1",
     .minimum = 1,
     .maximum = 1024},
    {.name = "gradient_clip",
     .type = Field::Type::kNumber,
     .about = "largest norm; 0: none",
     .fallback = "0",
     .minimum = 0},
    {.name = "precision",
     .type = Field::Type::kWord,
     .about = "of products",
     .fallback = "\"f32\"",
     .words = "f32 bf16"},
    {.name = "training_rows", .type = Field::Type::kNumber, .about = "0: not known", .fallback = "0", .minimum = 0},
    {.name = "steps_per_epoch", .type = Field::Type::kNumber, .about = "0: not known", .fallback = "0", .minimum = 0},
    {.name = "categories", .type = Field::Type::kCount, .about = "of rows; 0: none", .fallback = "0"},
    {.name = "hidden_only", .type = Field::Type::kFlag, .about = "loss of hidden places", .fallback = "false"},
    {.name = "accelerators", .type = Field::Type::kFlag, .about = "for the ends", .fallback = "true"},
};

// The word "output" in a layer's settings is the number of outputs that the loss wants, and the word "data" for
// `categories` that of the rows' categories, where they have any.
Json with_sizes(const Json& given, double outputs, double categories) {
  Json all = given;
  for (Json& item : all.items) item = with_sizes(item, outputs, categories);
  for (auto& [name, value] : all.members) {
    const bool text = value.is(Json::Kind::kText) && name != "kind";
    if (text && value.text == "output") {
      value = outputs;
    } else if (text && name == "categories" && value.text == "data") {
      if (categories > 0) value = categories;
    } else {
      value = with_sizes(value, outputs, categories);
    }
  }
  return all;
}

uint64_t seed_of(const Json* given) {
  uint64_t seed = 0;
  if (given == nullptr) return seed;
  const char *const first = given->text.data(), *const end = first + given->text.size();
  if (!given->is(Json::Kind::kText) || first == end || std::from_chars(first, end, seed).ptr != end) {
    throw Error(NRW_INVALID_ARGUMENT, "seed: must be a whole number below 2^64 as text, got " + given->write());
  }
  return seed;
}

}  // namespace

ModelSpec model_spec(std::string_view json) {
  const Json given = Json::parse(json);
  if (!given.is(Json::Kind::kMap)) throw Error(NRW_INVALID_ARGUMENT, "the description of the network must be a map");
  const Settings settings(kFields, given, "", "encoder decoder loss optimizer seed");
  ModelSpec spec;
  spec.columns = settings.count("columns");
  spec.shape = given.find("shape") == nullptr ? Shape::flat(spec.columns) : settings.shape("shape");
  settings.require(spec.shape.size() == spec.columns, "shape",
                   format("%s has %llu values, but a row of the data has %u columns", spec.shape.text().c_str(),
                          static_cast<unsigned long long>(spec.shape.size()), spec.columns));
  spec.dense = settings.word("data") == "dense";
  spec.seed = seed_of(given.find("seed"));
  spec.threads = settings.count("threads");
  spec.bf16 = settings.word("precision") == "bf16";
  spec.training_rows = settings.number("training_rows");
  spec.steps_per_epoch = settings.number("steps_per_epoch");
  spec.categories = settings.count("categories");
  spec.hidden_only = settings.flag("hidden_only");
  spec.accelerators = settings.flag("accelerators");

  const Json* const loss = given.find("loss");
  spec.loss = loss_spec(loss == nullptr ? Json::map({{"kind", std::string("mse")}}) : *loss);
  const Json* const optimizer = given.find("optimizer");
  spec.optimizer = optimizer_settings(optimizer == nullptr ? Json::map({{"name", std::string("adam")}}) : *optimizer);
  spec.optimizer.gradient_clip = settings.number("gradient_clip");
  validate(spec.optimizer);
  const double outputs = static_cast<double>(spec.columns) * spec.loss.type->heads(spec.loss.settings);
  const auto part = [&](const char* name) {
    const Json* const list = given.find(name);
    return layer_specs(list == nullptr ? Json() : with_sizes(*list, outputs, spec.categories), name);
  };
  spec.encoder = part("encoder");
  spec.decoder = part("decoder");
  return spec;
}

}  // namespace nrw
