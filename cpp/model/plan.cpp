#include "model/plan.h"

#include <algorithm>
#include <cmath>

#include "base/status.h"
#include "layers/linear.h"
#include "layers/mask_tokens.h"

namespace nrw {

namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& what, nrw_status code = NRW_INVALID_ARGUMENT) {
  throw Error(code, path + ": " + what);
}

void append(Plan& plan, bool in_encoder, const std::vector<LayerSpec>& specs) {
  for (size_t i = 0; i < specs.size(); ++i) {
    PlannedLayer layer;
    layer.spec = specs[i];
    layer.in_encoder = in_encoder;
    layer.index = static_cast<uint32_t>(i);
    layer.input = plan.layers.empty() ? plan.shape : plan.layers.back().output;
    layer.output = layer.spec.type->output(layer.spec.settings, layer.input);
    if (layer.output.size() > 0xFFFFFFFFu) refuse(layer.name(), "its output is too large: " + layer.output.text());
    plan.layers.push_back(std::move(layer));
  }
}

// The decoder's k-th linear layer from its end mirrors the encoder's k-th from its start.
void tie(Plan& plan) {
  std::vector<int> encoder;
  for (size_t i = 0; i < plan.encoder_layers; ++i) {
    if (!plan.layers[i].linear()) continue;
    if (is_tied(plan.layers[i].spec.settings)) refuse(plan.layers[i].name() + ".tied", "is for decoder layers only");
    encoder.push_back(static_cast<int>(i));
  }
  size_t from_end = 0;
  for (size_t i = plan.layers.size(); i-- > plan.encoder_layers;) {
    PlannedLayer& layer = plan.layers[i];
    if (!layer.linear()) continue;
    const size_t k = from_end++;
    if (!is_tied(layer.spec.settings)) continue;
    const std::string path = layer.name() + ".tied";
    if (k >= encoder.size()) refuse(path, "the encoder has no linear layer that mirrors this one");
    const PlannedLayer& mirror = plan.layers[static_cast<size_t>(encoder[k])];
    if (mirror.inputs() != layer.outputs() || mirror.outputs() != layer.inputs()) {
      refuse(path, format("the shape %u -> %u must be the reverse of %s, which is %u -> %u", layer.inputs(),
                          layer.outputs(), mirror.name().c_str(), mirror.inputs(), mirror.outputs()));
    }
    const auto flat = [](const PlannedLayer& l) { return l.output.one_order(); };
    if (!flat(mirror) || !flat(layer) || !layer.input.one_order()) {
      refuse(path, "tied layers must have flat rows on both sides: put a flatten before them", NRW_UNSUPPORTED);
    }
    layer.mirrored = encoder[k];
  }
}

// With which about two epochs are remembered: rows that were seen longer ago were seen by another encoder. Fewer steps
// are too noisy, and more than this the encoder outruns.
double forgetting(double steps_per_epoch) {
  constexpr double kUnknown = 100, kLeast = 50, kMost = 500;
  return 1 - 1 / std::clamp(steps_per_epoch > 0 ? 2 * steps_per_epoch : kUnknown, kLeast, kMost);
}

// A loss of hidden places needs a layer that hides places of the data, and terms of one column each.
void check_hidden(const Plan& plan) {
  const Settings& loss = plan.loss.settings;
  if (plan.first().spec.type != &mask_tokens_type) {
    refuse("loss.on", "hidden needs mask_tokens as the encoder's first layer, which says what is hidden");
  }
  if (!plan.loss.type->separable) {
    refuse("loss.on",
           format("hidden is for losses that are a sum over columns; %s takes a row as a whole", plan.loss.type->name),
           NRW_UNSUPPORTED);
  }
  if (loss.has("link") && loss.word("link") == "softmax") {
    refuse("loss.on", "hidden does not go with link: softmax, in which all columns of a row are at once",
           NRW_UNSUPPORTED);
  }
  if (plan.last().solver == Solver::kFactoredOutput) {
    refuse("loss.on", "hidden does not go with solver: factored; use solver: dense", NRW_UNSUPPORTED);
  }
}

// Whether the layer, or one within it, needs the categories of rows: as many as the rows have.
bool check_categories(const LayerSpec& spec, uint32_t categories) {
  const Settings& settings = spec.settings;
  if (spec.type->categories) {
    settings.require(categories > 0, "categories", "needs the category of each row, but the rows have none");
    settings.require(settings.count("categories") == categories, "categories",
                     format("must be data, or the number of categories of the rows, %u, got %u", categories,
                            settings.count("categories")));
  }
  bool needed = spec.type->categories;
  for (const Field& field : spec.type->fields) {
    if (field.type != Field::Type::kLayers) continue;
    for (const LayerSpec& inner : layer_specs(settings.value(field.name), settings.path())) {
      needed = check_categories(inner, categories) || needed;
    }
  }
  return needed;
}

// Whether the last layer's own rule takes its place, with all that this rule needs.
bool factored(const Plan& plan, const ModelSpec& spec) {
  for (const PlannedLayer& layer : plan.layers) {
    const bool last = &layer == &plan.last();
    if (!last && layer.linear() && is_factored(layer.spec.settings)) {
      refuse(layer.name() + ".solver", "only the output layer can be factored");
    }
  }
  const PlannedLayer& last = plan.last();
  if (!last.linear() || !is_factored(last.spec.settings)) return false;
  const auto require = [&](bool good, const char* why) {
    if (!good) refuse(last.name() + ".solver", std::string("cannot be factored: ") + why, NRW_UNSUPPORTED);
  };
  require(!plan.dense, "it is for sparse data, because its cost grows with the number of values that are not 0");
  require(!last.tied(), "the weights are tied to the encoder's");
  require(last.has_bias(), "the factored solver has a bias of its own; leave out bias: false");
  require(plan.loss.type->quadratic, "it needs loss.kind mse");
  require(spec.accelerators, "accelerators are off");
  return true;
}

// The first and the last layer are claimed by the accelerators that can do their work.
void claim(Plan& plan, const ModelSpec& spec) {
  const bool solved = factored(plan, spec);
  PlannedLayer &first = plan.layers.front(), &last = plan.layers.back();
  if (!spec.accelerators) return;
  bool input = first.linear() && first.output.one_order();
  bool output = last.linear() && plan.loss.type->separable && last.input.one_order();
  if (last.tied() && last.mirrored != 0) output = false;
  // A weight that two layers share belongs to both accelerators or to none.
  for (const PlannedLayer& layer : plan.layers) {
    if (layer.mirrored == 0 && !(&layer == &last && output)) input = false;
  }
  if (last.tied() && !input) output = false;
  if (input) first.solver = plan.dense ? Solver::kDenseInput : Solver::kSparseInput;
  if (output) last.solver = solved ? Solver::kFactoredOutput : Solver::kTileOutput;
  if (solved && !output) {
    refuse(last.name() + ".solver", "cannot be factored after a shape of " + last.input.text() + ": flatten it first",
           NRW_UNSUPPORTED);
  }
  if (!solved) return;
  const Settings& settings = last.spec.settings;
  // lambda and kappa of docs/factored.md where the ridge is `auto`.
  const bool automatic = settings.is_word("ridge");
  if (settings.count("free") > last.inputs()) {
    refuse(last.name() + ".free", "is more than the " + std::to_string(last.inputs()) + " inputs");
  }
  plan.factored = {.sgd = settings.word("update") == "sgd",
                   .least_squares = {.beta = settings.is_word("forgetting") ? forgetting(spec.steps_per_epoch)
                                                                            : settings.number("forgetting"),
                                     .ridge = automatic ? 1e-3 : settings.number("ridge"),
                                     .kappa = automatic ? 0.2 : 0,
                                     .free = settings.count("free"),
                                     .chosen = automatic},
                   .rows = spec.training_rows,
                   .weight_decay = spec.optimizer.weight_decay};
}

}  // namespace

const char* solver_name(const PlannedLayer& layer) noexcept {
  switch (layer.solver) {
    case Solver::kPlain:
      return layer.linear() ? "dense" : "none";
    case Solver::kSparseInput:
      return "sparse input";
    case Solver::kDenseInput:
      return "dense input";
    case Solver::kTileOutput:
      return "tile-fused";
    case Solver::kFactoredOutput:
      return "factored";
  }
  return "none";
}

bool PlannedLayer::linear() const noexcept { return spec.type == &linear_type; }

bool PlannedLayer::has_bias() const {
  const Settings& settings = spec.settings;
  return settings.is_word("bias") || settings.flag("bias");
}

uint64_t PlannedLayer::parameters() const {
  uint64_t sum = 0;
  for (const TensorSpec& tensor : tensors()) sum += tensor.size();
  return sum;
}

std::string PlannedLayer::name() const { return format("%s.%u", in_encoder ? "encoder" : "decoder", index); }

uint64_t Plan::parameters() const {
  uint64_t sum = 0;
  for (const PlannedLayer& layer : layers) sum += layer.parameters();
  for (const TensorSpec& tensor : loss.type->tensors(loss.settings, shape)) sum += tensor.size();
  return sum;
}

Plan make_plan(const ModelSpec& spec) {
  Plan plan;
  plan.columns = spec.columns;
  plan.shape = spec.shape;
  plan.dense = spec.dense;
  plan.loss = spec.loss;
  plan.steps_per_epoch = spec.steps_per_epoch;
  if (plan.loss.type->check != nullptr) plan.loss.type->check(plan.loss.settings, plan.shape);
  if (spec.encoder.empty()) refuse("encoder", "the model needs at least one encoder layer");
  if (spec.decoder.empty()) refuse("decoder", "the model needs at least one decoder layer");
  append(plan, true, spec.encoder);
  plan.encoder_layers = plan.layers.size();
  append(plan, false, spec.decoder);

  const uint64_t wanted = uint64_t{spec.columns} * spec.loss.type->heads(spec.loss.settings);
  if (plan.last().output.size() != wanted) {
    refuse(plan.last().name(), format("the last layer's output must have the size of a row of the data, %llu, got %s",
                                      static_cast<unsigned long long>(wanted), plan.last().output.text().c_str()));
  }
  plan.categories = spec.categories;
  for (const PlannedLayer& layer : plan.layers) {
    const bool needed = check_categories(layer.spec, plan.categories);
    plan.needs_categories = plan.needs_categories || needed;
    plan.encoder_needs_categories = plan.encoder_needs_categories || (needed && layer.in_encoder);
  }
  tie(plan);
  claim(plan, spec);
  plan.hidden_only = spec.hidden_only;
  if (plan.hidden_only) check_hidden(plan);
  plan.widest = plan.entering().size();
  for (size_t i = plan.plain_begin(); i < plan.plain_end(); ++i) {
    plan.widest = std::max(plan.widest, plan.layers[i].output.size());
  }
  return plan;
}

}  // namespace nrw
