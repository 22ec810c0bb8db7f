#include "base/status.h"
#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/contractive.h"
#include "layers/convolution.h"
#include "layers/covariate.h"
#include "layers/dictionary.h"
#include "layers/dropout.h"
#include "layers/group_norm.h"
#include "layers/jump_relu.h"
#include "layers/l1.h"
#include "layers/layer_norm.h"
#include "layers/layer_type.h"
#include "layers/linear.h"
#include "layers/locally_connected.h"
#include "layers/mask_tokens.h"
#include "layers/neuron_graph.h"
#include "layers/neuron_layers.h"
#include "layers/noise.h"
#include "layers/pool.h"
#include "layers/positional_embedding.h"
#include "layers/prelu.h"
#include "layers/reshape.h"
#include "layers/residual.h"
#include "layers/self_attention.h"
#include "layers/shortcut.h"
#include "layers/softmax.h"
#include "layers/softplus.h"
#include "layers/sparse_code.h"
#include "layers/top_k.h"
#include "layers/upsample.h"
#include "layers/variational.h"
#include "layers/vector_quantised.h"

namespace nrw {

namespace {

const LayerType* const kTypes[] = {
    &linear_type,
    &relu_type,
    &leaky_relu_type,
    &elu_type,
    &gelu_type,
    &silu_type,
    &tanh_type,
    &sigmoid_type,
    &softplus_type,
    &softmax_type,
    &prelu_type,
    &dropout_type,
    &layer_norm_type,
    &batch_norm_type,
    &group_norm_type,
    &instance_norm_type,
    &conv1d_type,
    &conv2d_type,
    &conv_transpose1d_type,
    &conv_transpose2d_type,
    &locally_connected2d_type,
    &neuron_layers_type,
    &neuron_graph_type,
    &max_pool1d_type,
    &max_pool2d_type,
    &average_pool1d_type,
    &average_pool2d_type,
    &upsample1d_type,
    &upsample2d_type,
    &flatten_type,
    &unflatten_type,
    &reshape_type,
    &residual_type,
    &dense_skip_type,
    &shortcut_type,
    &positional_embedding_type,
    &covariate_type,
    &self_attention_type,
    &variational_type,
    &vector_quantised_type,
    &top_k_type,
    &batch_top_k_type,
    &jump_relu_type,
    &sparse_code_type,
    &dictionary_type,
    &l1_type,
    &contractive_type,
    &gaussian_noise_type,
    &salt_and_pepper_type,
    &mask_noise_type,
    &mask_tokens_type,
};

}  // namespace

std::span<const LayerType* const> layer_types() { return kTypes; }

LayerSpec layer_spec(const Json& given, const std::string& path) {
  const Json* const kind = given.find("kind");
  if (kind == nullptr || !kind->is(Json::Kind::kText)) {
    throw Error(NRW_INVALID_ARGUMENT, path + ".kind: is missing");
  }
  std::string names;
  for (const LayerType* type : kTypes) {
    if (kind->text == type->name) return {type, Settings(type->fields, given, path, "kind")};
    names += (names.empty() ? "" : ", ") + std::string(type->name);
  }
  throw Error(NRW_INVALID_ARGUMENT, path + ".kind: must be one of " + names + ", got " + kind->text.substr(0, 60));
}

std::vector<LayerSpec> layer_specs(const Json& list, const std::string& path) {
  if (!list.is(Json::Kind::kList)) throw Error(NRW_INVALID_ARGUMENT, path + ": must be a list of layers");
  std::vector<LayerSpec> all;
  for (size_t i = 0; i < list.items.size(); ++i) {
    all.push_back(layer_spec(list.items[i], path + "." + std::to_string(i)));
  }
  return all;
}

}  // namespace nrw
