#include "model/plan.h"

#include <algorithm>
#include <cmath>

#include "base/status.h"

namespace nrw {

namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& what, nrw_status code = NRW_INVALID_ARGUMENT) {
  throw Error(code, name + ": " + what);
}

std::string part_name(uint32_t part, size_t index) {
  return format("%s.%zu", part == NRW_ENCODER ? "encoder" : "decoder", index);
}

void append(Plan& plan, uint32_t part, const std::vector<LayerSpec>& specs) {
  for (size_t i = 0; i < specs.size(); ++i) {
    PlannedLayer layer;
    layer.spec = specs[i];
    layer.part = part;
    layer.index = static_cast<uint32_t>(i);
    validate(layer.spec, layer.name());
    layer.inputs = plan.layers.empty() ? plan.columns : plan.layers.back().outputs;
    layer.outputs = layer.linear() ? layer.spec.size : layer.inputs;
    if (layer.linear()) layer.solver = Solver::kDense;
    plan.layers.push_back(layer);
  }
}

// The decoder's k-th linear layer from its end mirrors the encoder's k-th from its start.
void tie(Plan& plan) {
  std::vector<int> encoder;
  for (size_t i = 0; i < plan.encoder_layers; ++i) {
    if (plan.layers[i].linear()) encoder.push_back(static_cast<int>(i));
  }
  size_t from_end = 0;
  for (size_t i = plan.layers.size(); i-- > plan.encoder_layers;) {
    PlannedLayer& layer = plan.layers[i];
    if (!layer.linear()) continue;
    const size_t k = from_end++;
    if ((layer.spec.flags & NRW_TIED) == 0) continue;
    if (k >= encoder.size()) refuse(layer.name(), "tied, but the encoder has no linear layer that mirrors it");
    const PlannedLayer& mirror = plan.layers[static_cast<size_t>(encoder[k])];
    if (mirror.inputs != layer.outputs || mirror.outputs != layer.inputs) {
      refuse(layer.name(), format("tied: its shape %u -> %u must be the reverse of %s, which is %u -> %u", layer.inputs,
                                  layer.outputs, mirror.name().c_str(), mirror.inputs, mirror.outputs));
    }
    layer.mirrored = encoder[k];
  }
}

}  // namespace

uint64_t PlannedLayer::weights() const noexcept {
  if (spec.kind == NRW_LAYER_NORM || spec.kind == NRW_BATCH_NORM) return outputs;
  return linear() && !tied() ? uint64_t{inputs} * outputs : 0;
}

uint64_t PlannedLayer::biases() const noexcept {
  return has_bias() || spec.kind == NRW_LAYER_NORM || spec.kind == NRW_BATCH_NORM ? outputs : 0;
}

std::string PlannedLayer::name() const { return part_name(part, index); }

uint64_t Plan::parameters() const noexcept {
  uint64_t sum = 0;
  for (const PlannedLayer& layer : layers) sum += layer.parameters();
  return sum;
}

void validate(const LayerSpec& spec, const std::string& name) {
  const auto require = [&](bool good, const char* what, double value) {
    if (!good) refuse(name, format("%s, got %g", what, value));
  };
  switch (spec.kind) {
    case NRW_LINEAR:
      if (spec.flags > (NRW_NO_BIAS | NRW_TIED | NRW_FACTORED)) refuse(name, format("unknown flags %u", spec.flags));
      require(spec.size >= 1, "a linear layer's size must be at least 1", spec.size);
      if (spec.init > NRW_INIT_ZEROS) refuse(name, format("unknown initialisation %u", spec.init));
      require(spec.init != NRW_INIT_NORMAL || (std::isfinite(spec.init_p) && spec.init_p >= 0),
              "the standard deviation of init must be at least 0", spec.init_p);
      return;
    case NRW_LEAKY_RELU:
      require(std::isfinite(spec.p0), "leaky_relu's slope must be finite", spec.p0);
      return;
    case NRW_ELU:
      require(std::isfinite(spec.p0), "elu's alpha must be finite", spec.p0);
      return;
    case NRW_DROPOUT:
      require(spec.p0 >= 0 && spec.p0 < 1, "dropout's rate must be in [0, 1)", spec.p0);
      return;
    case NRW_BATCH_NORM:
      require(spec.p1 >= 0 && spec.p1 <= 1, "batch_norm's momentum must be in [0, 1]", spec.p1);
      [[fallthrough]];
    case NRW_LAYER_NORM:
      require(std::isfinite(spec.p0) && spec.p0 > 0, "eps must be above 0", spec.p0);
      return;
    case NRW_RELU:
    case NRW_GELU:
    case NRW_SILU:
    case NRW_TANH:
    case NRW_SIGMOID:
      return;
    default:
      refuse(name, format("unknown layer kind %u", spec.kind));
  }
}

Plan make_plan(uint32_t columns, const std::vector<LayerSpec>& encoder, const std::vector<LayerSpec>& decoder,
               bool dense) {
  Plan plan;
  plan.columns = columns;
  plan.dense = dense;
  if (encoder.empty()) refuse("encoder", "the model needs at least one encoder layer");
  if (decoder.empty()) refuse("decoder", "the model needs at least one decoder layer");
  append(plan, NRW_ENCODER, encoder);
  plan.encoder_layers = plan.layers.size();
  plan.latent = plan.layers.back().outputs;
  append(plan, NRW_DECODER, decoder);

  for (size_t i = 0; i < plan.encoder_layers; ++i) {
    if (plan.layers[i].linear() && (plan.layers[i].spec.flags & NRW_TIED)) {
      refuse(plan.layers[i].name(), "only a decoder layer can be tied");
    }
  }
  if (!plan.first().linear()) refuse(plan.first().name(), "the first layer must be linear");
  if (!plan.last().linear()) refuse(plan.last().name(), "the last layer must be linear, of size output");
  if (plan.last().outputs != columns) {
    refuse(plan.last().name(),
           format("the last layer's size must be the width of the data, %u, got %u", columns, plan.last().outputs));
  }
  tie(plan);
  plan.layers.front().solver = dense ? Solver::kDenseInput : Solver::kSparseInput;
  for (size_t i = 0; i + 1 < plan.layers.size(); ++i) {
    if (plan.layers[i].linear() && (plan.layers[i].spec.flags & NRW_FACTORED)) {
      refuse(plan.layers[i].name(), "only the output layer can be factored");
    }
  }
  const bool factored = (plan.last().spec.flags & NRW_FACTORED) != 0;
  if (factored && dense) {
    refuse(plan.last().name(), "the factored solver is for sparse data: use solver: dense", NRW_UNSUPPORTED);
  }
  if (factored && plan.last().tied()) refuse(plan.last().name(), "a tied layer cannot be factored", NRW_UNSUPPORTED);
  if (factored && !plan.last().has_bias()) {
    refuse(plan.last().name(), "the factored solver has a bias of its own: leave out bias: false", NRW_UNSUPPORTED);
  }
  plan.layers.back().solver = factored ? Solver::kFactoredOutput : Solver::kTileOutput;
  for (size_t i = 0; i + 1 < plan.layers.size(); ++i) plan.widest = std::max(plan.widest, plan.layers[i].outputs);
  return plan;
}

}  // namespace nrw
