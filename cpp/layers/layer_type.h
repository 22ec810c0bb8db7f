// What a type of layer tells about itself: its settings, shapes, tensors and memory, and how one is made. A type is one
// pair of files in this folder and one line in layer_types.cpp; everything else that knows layers reads it from here.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/settings.h"
#include "layers/layer.h"
#include "layers/products.h"

namespace nrw {

struct LayerContext {
  Products& products;
  const Settings& settings;
  Shape input, output;
  uint64_t seed = 0;
  uint32_t number = 0;         // of the layer in the network, so that no two share random draws
  double steps_per_epoch = 0;  // of training, of the first epoch; 0: not known
  Layer* mirrored = nullptr;   // the encoder layer whose weight this layer shares (`tied`)
};

// How a row goes through the layers within a layer, and past them. Values are numbered channels first.
struct Within {
  Shape input;         // of the rows that go through: the first values of a row
  uint64_t first = 0;  // values [first, first + past) go past
  uint64_t past = 0;   // 0: the layers' result is the row
  bool added = false;  // to the layers' result; else they stand in front of it
};

struct LayerType {
  const char* name;   // the config's word
  const char* about;  // what it computes, for the reference page
  std::span<const Field> fields;
  // The shape of its output. Throws NRW_INVALID_ARGUMENT, NRW_UNSUPPORTED by Settings::refuse.
  Shape (*output)(const Settings& settings, const Shape& input);
  // Its trained tensors in the order of Layer::parameters().
  std::vector<TensorSpec> (*tensors)(const Settings& settings, const Shape& input, const Shape& output);
  // Bytes that a layer holds beside its parameters and its output: buffers, packed operands, masks.
  size_t (*workspace)(const Settings& settings, const Shape& input, const Shape& output, uint32_t rows,
                      unsigned threads);
  std::unique_ptr<Layer> (*make)(const LayerContext& context);
  bool noise = false;       // whether it changes rows in training only, by chance
  bool categories = false;  // whether it needs the category of each row
  bool few_values = false;  // whether it sets most of a row's values to 0
  bool divergence = false;  // whether it is a code with a KL divergence (Layer::add_divergences)
  // How other programs compute it, as far as one expression says that; else core/export/layers does. In both, {NAME} is
  // a setting, {input} the shape of a row, {channels} and {axes} the number of its channels and of its further axes,
  // and {TENSOR.0} the first size of a tensor.
  const char* torch = nullptr;  // a call in Python that makes the module: "nn.Module({setting})"
  const char* onnx = nullptr;   // operators in evaluation, of x and of tensors by name: "Mul(x, Sigmoid(x))"
  // Values that it approaches and never passes, as JSON: "[-1, 1]". NULL: none.
  const char* bounds = nullptr;
  // Of a layer with layers within it (InnerPlan). NULL: there are none.
  Within (*within)(const Settings& settings, const Shape& input) = nullptr;
};

// All types, in the order of the reference page.
std::span<const LayerType* const> layer_types();

// A layer as the config has it.
struct LayerSpec {
  const LayerType* type = nullptr;
  Settings settings;
};

// given: {"kind": NAME, FIELD: VALUE, ...}. path: such as "encoder.2". Throws NRW_INVALID_ARGUMENT, which names the
// path and, for an unknown kind, all there are.
LayerSpec layer_spec(const Json& given, const std::string& path);
// Of a field of type layers, at path.FIELD.0, path.FIELD.1, ...
std::vector<LayerSpec> layer_specs(const Json& list, const std::string& path);

// For a type: the shape stays; no tensors; no memory of its own.
inline Shape same_shape(const Settings&, const Shape& input) { return input; }
inline std::vector<TensorSpec> no_tensors(const Settings&, const Shape&, const Shape&) { return {}; }
inline size_t no_workspace(const Settings&, const Shape&, const Shape&, uint32_t, unsigned) { return 0; }

}  // namespace nrw
