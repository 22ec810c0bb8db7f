#include "layers/neuron_graph.h"

#include <algorithm>
#include <set>

#include "base/status.h"
#include "layers/edge_list.h"
#include "layers/neuron_net.h"
#include "layers/partition.h"

namespace nrw {

namespace {

constexpr uint32_t kMostFanIn = 65536;
constexpr uint32_t kInputStream = 0x10000, kInnerStream = 0x10001;

constexpr Field kFields[] = {
    {.name = "size",
     .type = Field::Type::kSize,
     .about = "number of outputs, or their shape; `output` is the width of the data. The outputs are the last neurons",
     .minimum = 1,
     .maximum = kMostNeurons,
     .words = "output",
     .value = true,
     .example = "16"},
    {.name = "neurons",
     .type = Field::Type::kCount,
     .about = "number of neurons, the outputs among them",
     .minimum = 1,
     .maximum = kMostNeurons,
     .example = "512"},
    kNeuronRounds,
    {.name = "edges",
     .type = Field::Type::kPath,
     .about = "the connections: a text file with SOURCE,TARGET or SOURCE,TARGET,WEIGHT a line, in which neurons are "
              "numbered from 0 and a source xI is value I of the row; random: drawn. The run keeps a copy",
     .fallback = "\"random\"",
     .words = "random"},
    {.name = "fan_in",
     .type = Field::Type::kCount,
     .about = "number of other neurons that a neuron takes values of, where connections are drawn",
     .fallback = "16",
     .maximum = kMostFanIn,
     .only = "random"},
    {.name = "input_fan_in",
     .type = Field::Type::kCount,
     .about = "number of values of the row that a neuron takes, drawn; with a file of connections only where it has "
              "none from the row",
     .fallback = "8",
     .maximum = kMostFanIn},
    {.name = "reach",
     .type = Field::Type::kCount,
     .about = "how far along the ring of neurons the neurons are that a neuron takes values of; 0: anywhere",
     .fallback = "0",
     .only = "random"},
    {.name = "far",
     .type = Field::Type::kNumber,
     .about = "probability with which a connection comes from anywhere, in spite of `reach`",
     .fallback = "0",
     .minimum = 0,
     .maximum = 1,
     .only = "random"},
    kNeuronActivation,
    kNeuronSeed,
    {.name = "parts",
     .type = Field::Type::kCount,
     .about = "number of parts that the neurons are divided into, most of whose connections stay within one; 0: one "
              "for each thread. Parts change the speed and no result",
     .fallback = "0",
     .maximum = 1024},
    {.name = "partition",
     .type = Field::Type::kPath,
     .about = "what divides them: engine: the partitioner of this program; auto: METIS where its program gpmetis is "
              "installed, else engine; or a file with the number of the part of each neuron, one a line",
     .fallback = "\"auto\"",
     .words = "auto engine"},
};

// The most sources that a neuron has among the others, where they are drawn.
uint64_t most_sources(const Settings& settings, uint32_t neurons) {
  const uint64_t reach = settings.count("reach"), others = neurons - 1;
  const bool anywhere = reach == 0 || settings.number("far") > 0;
  return std::min<uint64_t>(settings.count("fan_in"), anywhere ? others : std::min(others, 2 * reach));
}

// The sources of neuron n among the others.
std::vector<uint32_t> drawn_sources(const Settings& settings, uint32_t n, uint32_t neurons) {
  const uint32_t fan_in = settings.count("fan_in"), reach = settings.count("reach");
  const double far = settings.number("far");
  WiringDraws draws(settings.count("seed"), kInnerStream, n);
  if (reach == 0 || 2 * uint64_t{reach} + 1 >= neurons || fan_in >= neurons - 1) {
    std::vector<uint32_t> all = draws.distinct(fan_in, neurons - 1);
    for (uint32_t& source : all) source += source >= n ? 1 : 0;
    return all;
  }
  const uint32_t near = 2 * reach, wanted = far > 0 ? fan_in : std::min(fan_in, near);
  std::set<uint32_t> all;
  // Repeated draws are dropped, and where the near ones are used up, any neuron will do.
  for (uint32_t tries = 0; all.size() < wanted; ++tries) {
    uint32_t source = 0;
    if (draws.uniform() < far || tries > 64 * wanted) {
      source = draws.below(neurons - 1);
      source += source >= n ? 1 : 0;
    } else {
      const uint32_t step = draws.below(near);
      const uint64_t from = uint64_t{n} + neurons + step - reach + (step >= reach ? 1 : 0);
      source = static_cast<uint32_t>(from % neurons);
    }
    all.insert(source);
  }
  return {all.begin(), all.end()};
}

// What a file says, for `inputs` values of a row, or for any number of them.
struct Listed {
  Listed(const Settings& settings, uint32_t neurons) : list(EdgeList::read(settings, "edges", path_of(settings))) {
    for (const EdgeList::Edge& edge : list.edges) {
      from_row |= edge.from_input;
      check(settings, edge, edge.target, neurons, "target");
      if (!edge.from_input) check(settings, edge, edge.source, neurons, "source");
    }
  }
  static std::string path_of(const Settings& settings) { return settings.value("edges").text; }
  static void check(const Settings& settings, const EdgeList::Edge& edge, uint32_t number, uint32_t limit,
                    const char* what) {
    settings.require(number < limit, "edges",
                     format("%s: line %llu: the %s must be below %u, the number of %s, got %u",
                            path_of(settings).c_str(), static_cast<unsigned long long>(edge.line), what, limit,
                            *what == 'x' ? "values of a row" : "neurons", number));
  }
  EdgeList list;
  bool from_row = false;
};

bool from_file(const Settings& settings) { return settings.value("edges").text != "random"; }

Wiring wiring(const Settings& settings, const Shape& input) {
  const uint64_t outputs = settings.shape("size").size();
  const uint32_t neurons = settings.count("neurons"), input_fan_in = settings.count("input_fan_in");
  require_numbers(settings, "neurons", input.size(), neurons);
  settings.require(outputs <= neurons, "neurons",
                   format("must be at least the %llu outputs, which are among them, got %u",
                          static_cast<unsigned long long>(outputs), neurons));
  const auto inputs = static_cast<uint32_t>(input.size());
  WiringBuilder builder(inputs, neurons);
  std::vector<float> weights;
  bool draw_inputs = true;
  if (from_file(settings)) {
    Listed listed(settings, neurons);
    draw_inputs = !listed.from_row;
    auto& edges = listed.list.edges;
    builder.expect(settings, "edges", edges.size());
    for (const EdgeList::Edge& edge : edges) {
      if (edge.from_input) Listed::check(settings, edge, edge.source, inputs, "x of the source");
      builder.connect(edge.from_input ? edge.source : inputs + edge.source, edge.target);
    }
    const auto key = [&](const EdgeList::Edge& edge) {
      return uint64_t{edge.target} << 32 | (edge.from_input ? edge.source : inputs + edge.source);
    };
    std::stable_sort(edges.begin(), edges.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
    for (size_t i = 0; i < edges.size(); ++i) {
      settings.require(i == 0 || key(edges[i]) != key(edges[i - 1]), "edges",
                       format("%s: line %llu: this connection was listed before; remove one of them",
                              Listed::path_of(settings).c_str(), static_cast<unsigned long long>(edges[i].line)));
      if (listed.list.weighted) weights.push_back(edges[i].weight);
    }
    settings.require(!listed.list.weighted || listed.from_row || input_fan_in == 0, "edges",
                     Listed::path_of(settings) +
                         " has weights but no connections from the row (sources x0, x1, ...); add those, or leave the "
                         "weights out");
  } else {
    builder.expect(settings, "fan_in", neurons * most_sources(settings, neurons));
    for (uint32_t n = 0; n < neurons && neurons > 1; ++n) {
      for (const uint32_t source : drawn_sources(settings, n, neurons)) builder.connect(inputs + source, n);
    }
  }
  if (draw_inputs) builder.expect(settings, "input_fan_in", uint64_t{neurons} * std::min(input_fan_in, inputs));
  for (uint32_t n = 0; n < neurons && draw_inputs; ++n) {
    WiringDraws draws(settings.count("seed"), kInputStream, n);
    for (const uint32_t source : draws.distinct(input_fan_in, inputs)) builder.connect(source, n);
  }
  std::vector<uint32_t> last(outputs);
  for (uint32_t o = 0; o < outputs; ++o) last[o] = static_cast<uint32_t>(neurons - outputs + o);
  Wiring made = builder.finish(std::move(last));
  made.given = std::move(weights);
  require_reached(settings, made);
  return made;
}

std::vector<uint32_t> inner_edges(const Wiring& wiring) {
  std::vector<uint32_t> pairs;
  for (uint32_t n = 0; n < wiring.neurons; ++n) {
    for (uint64_t k = wiring.inner[n]; k < wiring.begin[n + 1]; ++k) {
      pairs.push_back(wiring.source[k] - wiring.inputs);
      pairs.push_back(n);
    }
  }
  return pairs;
}

NeuronOrder order_of(const Settings& settings, const Wiring& wiring, unsigned threads) {
  const std::string& named = settings.value("partition").text;
  const Graph graph = graph_of(wiring.neurons, inner_edges(wiring));
  uint32_t parts = settings.count("parts") == 0 ? threads : settings.count("parts");
  std::vector<uint32_t> part;
  if (named == "auto" || named == "engine") {
    part = partition(graph, parts);
  } else {
    part = read_parts(settings, "partition", named, wiring.neurons);
    parts = 1 + *std::max_element(part.begin(), part.end());
  }
  NeuronOrder order;
  order.neurons = local_order(graph, part, parts, order.begin);
  return order;
}

std::unique_ptr<Layer> make(const LayerContext& context) {
  Wiring made = wiring(context.settings, context.input);
  const NeuronOrder order = order_of(context.settings, made, context.products.pool().size());
  return std::make_unique<NeuronNet>(context, std::move(made), order);
}

}  // namespace

const LayerType neuron_graph_type = {
    .name = "neuron_graph",
    .about = "a free network of neurons by a list of connections, or drawn, evaluated for a fixed number of rounds",
    .fields = kFields,
    .output = NeuronType<wiring>::output,
    .tensors = NeuronType<wiring>::tensors,
    .workspace = NeuronType<wiring>::workspace,
    .make = make};

std::vector<uint32_t> neuron_graph_edges(const Settings& settings) {
  const uint32_t neurons = settings.count("neurons");
  std::vector<uint32_t> pairs;
  if (from_file(settings)) {
    for (const EdgeList::Edge& edge : Listed(settings, neurons).list.edges) {
      if (!edge.from_input) pairs.insert(pairs.end(), {edge.source, edge.target});
    }
    return pairs;
  }
  const uint64_t most = neurons * most_sources(settings, neurons);
  require_connections(settings, "fan_in", most);
  pairs.reserve(2 * most);
  for (uint32_t n = 0; n < neurons && neurons > 1; ++n) {
    for (const uint32_t source : drawn_sources(settings, n, neurons)) pairs.insert(pairs.end(), {source, n});
  }
  return pairs;
}

}  // namespace nrw
