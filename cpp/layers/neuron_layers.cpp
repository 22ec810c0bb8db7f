#include "layers/neuron_layers.h"

#include <algorithm>

#include "base/status.h"
#include "layers/neuron_net.h"

namespace nrw {

namespace {

constexpr Field fan(const char* name, const char* about, const char* fallback) {
  return {.name = name,
          .type = Field::Type::kAxes,
          .about = about,
          .fallback = fallback,
          .minimum = 0,
          .maximum = kMostNeurons,
          .words = "all"};
}

constexpr Field kFields[] = {
    {.name = "size",
     .type = Field::Type::kSize,
     .about = "number of outputs, or their shape; `output` is the width of the data",
     .minimum = 1,
     .maximum = kMostNeurons,
     .words = "output",
     .value = true,
     .example = "16"},
    {.name = "shapes",
     .type = Field::Type::kSizes,
     .about = "the neurons of each layer: [height, width], [channels, height, width] or a number",
     .minimum = 1,
     .maximum = kMostNeurons,
     .example = "[[16, 16], [8, 8]]"},
    kNeuronRounds,
    fan("input",
        "values of the row that a neuron of the first layer takes: [height, width] for those of a tile of so many "
        "places, a number for so many that are drawn, all, or 0 for none",
        "[3, 3]"),
    {.name = "input_to",
     .type = Field::Type::kWord,
     .about = "which layers take values of the row",
     .fallback = "\"first\"",
     .words = "first all"},
    fan("previous", "values of the layer before, as in `input`", "[3, 3]"),
    fan("same", "values of its own layer, as in `input`", "[3, 3]"),
    fan("next", "values of the layer behind, as in `input`", "0"),
    fan("feedback", "values of the outputs, as in `input`", "0"),
    fan("output", "values of the last layer that an output takes, as in `input`", "\"all\""),
    {.name = "output_from",
     .type = Field::Type::kWord,
     .about = "the layers that outputs take values of",
     .fallback = "\"last\"",
     .words = "last all"},
    kNeuronActivation,
    kNeuronSeed,
};

// Places with channels, whose numbers begin at `first` in the order of channels, height and width.
struct Image {
  uint32_t channels, height, width;
  uint32_t first;
  uint32_t size() const noexcept { return channels * height * width; }
};

// Two sizes are height and width, three also channels before them.
Image image(const Shape& shape, uint32_t first) {
  const auto& s = shape.sizes;
  if (shape.dimensions == 1) return {s[0], 1, 1, first};
  if (shape.dimensions == 2) return {1, s[0], s[1], first};
  return {s[0], s[1], s[2], first};
}

class Builder {
 public:
  Builder(const Settings& settings, uint32_t inputs, uint32_t neurons)
      : settings_(settings), seed_(settings.count("seed")), inputs_(inputs), wiring_(inputs, neurons) {}

  // The connections of a setting, to each neuron of `to`. stream: another one for each pair of images.
  void connect(const char* setting, const Image& from, const Image& to, uint32_t stream) {
    const Json& given = settings_.value(setting);
    const bool tile = given.is(Json::Kind::kList);
    const uint32_t number = tile ? 0 : given.is(Json::Kind::kText) ? from.size() : settings_.count(setting);
    const std::vector<uint32_t> sizes = tile ? settings_.axes(setting, 2) : std::vector<uint32_t>{};
    if (tile && (sizes[0] == 0 || sizes[1] == 0)) return;
    if (!tile && number == 0) return;
    const uint64_t each =
        tile ? uint64_t{std::min(sizes[0], from.height)} * std::min(sizes[1], from.width) * from.channels
             : std::min(number, from.size());
    wiring_.expect(settings_, setting, each * to.size());
    uint32_t n = to.first - inputs_;
    for (uint32_t c = 0; c < to.channels; ++c) {
      for (uint32_t i = 0; i < to.height; ++i) {
        for (uint32_t j = 0; j < to.width; ++j, ++n) {
          if (tile) {
            of_tile(from, around(i, to.height, from.height, sizes[0]), around(j, to.width, from.width, sizes[1]), n);
          } else {
            WiringDraws draws(seed_, stream, n);
            for (const uint32_t at : draws.distinct(number, from.size())) wiring_.connect(from.first + at, n);
          }
        }
      }
    }
  }

  Wiring finish(const Image& outputs) {
    std::vector<uint32_t> all(outputs.size());
    for (uint32_t o = 0; o < all.size(); ++o) all[o] = outputs.first - inputs_ + o;
    return wiring_.finish(std::move(all));
  }

 private:
  struct Range {
    uint32_t begin, end;
  };
  // Of `to` places along an axis, which correspond to `from` places of the source.
  static Range around(uint32_t at, uint32_t to, uint32_t from, uint32_t size) {
    const auto centre = static_cast<int64_t>((2 * uint64_t{at} + 1) * from / (2 * uint64_t{to}));
    const int64_t begin = centre - (int64_t{size} - 1) / 2, end = begin + size;
    return {static_cast<uint32_t>(std::max<int64_t>(begin, 0)), static_cast<uint32_t>(std::min<int64_t>(end, from))};
  }

  void of_tile(const Image& from, Range rows, Range columns, uint32_t n) {
    for (uint32_t c = 0; c < from.channels; ++c) {
      for (uint32_t i = rows.begin; i < rows.end; ++i) {
        for (uint32_t j = columns.begin; j < columns.end; ++j) {
          wiring_.connect(from.first + (c * from.height + i) * from.width + j, n);
        }
      }
    }
  }

  const Settings& settings_;
  const uint32_t seed_, inputs_;
  WiringBuilder wiring_;
};

Wiring wiring(const Settings& settings, const Shape& input) {
  const Shape output = settings.shape("size");
  const std::vector<Shape> shapes = settings.shapes("shapes");
  uint64_t neurons = output.size();
  for (const Shape& shape : shapes) neurons += shape.size();
  require_numbers(settings, "shapes", input.size(), neurons);
  const auto inputs = static_cast<uint32_t>(input.size());
  Builder builder(settings, inputs, static_cast<uint32_t>(neurons));

  const Image row = image(input, 0);
  std::vector<Image> layers;
  uint32_t next = inputs;
  for (const Shape& shape : shapes) {
    layers.push_back(image(shape, next));
    next += layers.back().size();
  }
  const Image outputs = image(output, next);
  const auto last = static_cast<uint32_t>(layers.size() - 1);
  const bool input_to_all = settings.word("input_to") == "all", output_from_all = settings.word("output_from") == "all";
  for (uint32_t z = 0; z <= last; ++z) {
    const uint32_t stream = 8 * z;
    if (z == 0 || input_to_all) builder.connect("input", row, layers[z], stream);
    if (z > 0) builder.connect("previous", layers[z - 1], layers[z], stream + 1);
    builder.connect("same", layers[z], layers[z], stream + 2);
    if (z < last) builder.connect("next", layers[z + 1], layers[z], stream + 3);
    builder.connect("feedback", outputs, layers[z], stream + 4);
    if (z == last || output_from_all) builder.connect("output", layers[z], outputs, stream + 5);
  }
  Wiring made = builder.finish(outputs);
  require_reached(settings, made);
  return made;
}

std::unique_ptr<Layer> make(const LayerContext& context) {
  Wiring made = wiring(context.settings, context.input);
  const NeuronOrder order = NeuronOrder::natural(made.neurons, context.products.pool().size());
  return std::make_unique<NeuronNet>(context, std::move(made), order);
}

}  // namespace

const LayerType neuron_layers_type = {
    .name = "neuron_layers",
    .about =
        "layers of neurons, each connected with a few of the row, of the outputs, of its own layer and of the "
        "neighbouring ones, evaluated for a fixed number of rounds",
    .fields = kFields,
    .output = NeuronType<wiring>::output,
    .tensors = NeuronType<wiring>::tensors,
    .workspace = NeuronType<wiring>::workspace,
    .make = make};

}  // namespace nrw
