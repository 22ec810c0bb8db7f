#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>

#include "layers/neuron_graph.h"
#include "layers/partition.h"
#include "neuron_wirings.h"

using namespace nrw;
using namespace nrw::check;

namespace {

// A file that is gone at the end of a test.
struct File {
  explicit File(const std::string& text) {
    char name[] = "/tmp/narrows-edges-XXXXXX";
    const int file = mkstemp(name);
    CHECK(file >= 0);
    close(file);
    path = name;
    std::ofstream(path) << text;
  }
  ~File() { std::remove(path.c_str()); }
  std::string path;
};

std::string with_edges(const File& file, const std::string& more = "") {
  return R"({"kind": "neuron_graph", "size": 2, "neurons": 5, "rounds": 3, "edges": ")" + file.path + "\"" + more + "}";
}

// source > target of each connection.
std::set<std::pair<int, int>> edges_of(Layer& layer) {
  const auto& value = layer.buffers()[0]->value;
  const size_t count = value.size() / 2;
  std::set<std::pair<int, int>> all;
  for (size_t k = 0; k < count; ++k) all.emplace(int(value[k]), int(value[count + k]));
  return all;
}

constexpr const char* kList =
    "source,target,weight\n# a comment\nx0,0,0.5\nx1,1,-1\n\n0,3,2\n1\t4\t0.25\n4 0 1\n3,4,3\n";

}  // namespace

TEST(neuron_layers_tiles_by_hand) {
  Room room;
  const MadeLayer made(
      room.products,
      R"({"kind": "neuron_layers", "size": 1, "shapes": [[2, 2]], "rounds": 2, "input": [1, 2], "same": 0})",
      Shape::image(1, 2, 4));
  // Of the row 2 x 4 (0 ... 7), neuron (i, j) corresponds to (i, 2 j + 1), and a tile of 2 is that place and the next.
  const std::set<std::pair<int, int>> wanted = {{1, 8},  {2, 8},  {3, 9},  {5, 10},  {6, 10},
                                                {7, 11}, {8, 12}, {9, 12}, {10, 12}, {11, 12}};
  CHECK(edges_of(*made) == wanted);
}

TEST(neuron_layers_connect_what_their_settings_say) {
  const auto pairs = [](const std::string& more) {
    Room room;
    // 1 value, layers of 1, 1 and 1 neurons (1, 2, 3), one output (4).
    const std::string text = R"({"kind": "neuron_layers", "size": 1, "shapes": [1, 1, 1], "rounds": 9)" + more + "}";
    const MadeLayer made(room.products, text, Shape::flat(1));
    return edges_of(*made);
  };
  using Pairs = std::set<std::pair<int, int>>;
  const Pairs chain = {{0, 1}, {1, 2}, {2, 3}, {3, 4}};
  const auto with = [&](const Pairs& more) {
    Pairs all = chain;
    all.insert(more.begin(), more.end());
    return all;
  };
  CHECK(pairs(R"(, "same": 0)") == chain);
  CHECK(pairs(R"(, "same": 1)") == with({{1, 1}, {2, 2}, {3, 3}}));
  CHECK(pairs(R"(, "same": 0, "next": "all")") == with({{2, 1}, {3, 2}}));
  CHECK(pairs(R"(, "same": 0, "feedback": [1, 1])") == with({{4, 1}, {4, 2}, {4, 3}}));
  CHECK(pairs(R"(, "same": 0, "input_to": "all")") == with({{0, 2}, {0, 3}}));
  CHECK(pairs(R"(, "same": 0, "output_from": "all")") == with({{1, 4}, {2, 4}}));
}

TEST(neuron_layers_refusals) {
  const auto starts = [](const char* settings, const char* wanted) {
    const std::string found =
        refusal(std::string(R"({"kind": "neuron_layers", "size": 2, )") + settings + "}", Shape::flat(6));
    if (found.find(wanted) != 0) failed(settings, 0, found);
  };
  starts(R"("shapes": [4, 4], "rounds": 2)", "layer.rounds: must be at least 3, because no output depends on the row");
  starts(R"("shapes": [4], "rounds": 2, "input": 0)", "layer.rounds: no number of rounds suffices");
  starts(R"("shapes": [4], "rounds": 2, "same": [3])", "layer.same: must be one number, or a list of 2, got 1");
  starts(R"("shapes": [4, [2, 2, 2, 2]], "rounds": 2)", "layer.shapes: must be a list of at most 64 whole numbers or");
  starts(R"("shapes": [[4096, 4096]], "rounds": 2)", "layer.shapes: makes 16777224 neurons and input values");
  starts(R"("shapes": 4, "rounds": 2)", "layer.shapes: must be a list of at most 64");
}

TEST(neuron_graph_of_a_file) {
  const File file(kList);
  Room room;
  const MadeLayer made(room.products, with_edges(file), Shape::flat(2));
  // Values 0 and 1, neurons 2 ... 6.
  const std::set<std::pair<int, int>> wanted = {{0, 2}, {1, 3}, {2, 5}, {3, 6}, {5, 6}, {6, 2}};
  CHECK(edges_of(*made) == wanted);
  for (Parameter* p : made->parameters()) p->allocate(0);
  made->started();
  const auto& w = made->parameters()[0]->value;
  const std::vector<float> given = {0.5f, 1, -1, 2, 0.25f, 3};
  CHECK(std::vector<float>(w.data(), w.data() + w.size()) == given);
  // Without biases and with relu, by hand: outputs are neurons 3 and 4.
  const MadeLayer relu(room.products, with_edges(file, R"(, "activation": "relu")"), Shape::flat(2));
  for (Parameter* p : relu->parameters()) p->allocate(0);
  relu->started();
  relu->reserve(1);
  const std::vector<float> x = {2, -4};
  std::vector<float> y(2);
  pack_and_forward(*relu, {.rows = 1}, x.data(), y.data());
  // v1: n0 = 1, n1 = 4; v2: n0 = 1, n1 = 4, n3 = 2, n4 = 1; z3: n3 = 2, n4 = 0.25 * 4 + 3 * 2.
  CHECK(y[0] == 2 && y[1] == 7);
}

TEST(neuron_graph_draws_inputs_where_a_file_has_none) {
  const File file("0,1\n1,2\n2,4\n");
  Room room;
  const MadeLayer made(room.products, with_edges(file, R"(, "input_fan_in": 2)"), Shape::flat(6));
  const auto edges = edges_of(*made);
  CHECK(edges.size() == 3 + 5 * 2);
  for (const auto& [source, target] : edges) CHECK(source < 6 || target == source + 1 || (source == 8 && target == 10));
}

TEST(neuron_graph_refuses_a_list_that_is_none) {
  const auto says = [](const std::string& text, const std::string& wanted, const std::string& more = "") {
    const File file(text);
    const std::string found = refusal(with_edges(file, more), Shape::flat(2));
    if (found.find("layer.edges: " + file.path) != 0 || found.find(wanted) == std::string::npos) {
      failed(text.c_str(), 0, found);
    }
  };
  says("", "has no connections; write one a line: SOURCE,TARGET");
  says("0,1\n0,5\n", "line 2: the target must be below 5, the number of neurons, got 5");
  says("0,1\n7,0\n", "line 2: the source must be below 5, the number of neurons, got 7");
  says("x0,1\nx2,0\n", "line 2: the x of the source must be below 2, the number of values of a row, got 2");
  says("0,1\n0,1\n", "line 2: this connection was listed before; remove one of them");
  says("0,1\na,b\n", "line 2 must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT");
  says("0,1\n-1,2\n", "line 2 must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT");
  says("0,1\n1,2,nan\n", "line 2 must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT");
  says("0,1\n1,2,0.5\n", "line 2 has another number of columns than the lines before it, got 1,2,0.5");
  says("0,1\n1.5,2\n", "line 2 must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT");
  says("0,1\n4294967296,2\n", "line 2 must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT");
  says("0,1\n18446744073709551616,2\n", "line 2 must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT");
  says("0,1\nx,2\n", "line 2 must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT");
  says("0,1\n1,2,inf\n", "line 2 must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT");
  says("0,1\n1,2,1e39\n", "line 2 must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT");
  says("0,1\n\x1b[2J\xff,2\n",
       "line 2 must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT with the numbers of neurons (or xI "
       "for value I), got ?[2J?,2");
  says(
      "\xEF\xBB\xBF"
      "0,1\n0,9\n",
      "line 2: the target must be below 5");  // behind a byte order mark
  says(std::string(1, '\0') + "\n", "line 1 must be SOURCE,TARGET");
  std::string one_line;  // of a million words
  for (int i = 0; i < 1000000; ++i) one_line += "1234,";
  says(one_line,
       "line 1 must be SOURCE,TARGET or SOURCE,TARGET,WEIGHT with the numbers of neurons (or xI for value I), "
       "got 1234,1234,1234,1234");
  says(std::string(1000000, '7'), "got " + std::string(60, '7'));
  says("0,1,1\n", "has weights but no connections from the row");
  const std::string gone = refusal(
      R"({"kind": "neuron_graph", "size": 2, "neurons": 5, "rounds": 3, "edges": "/no/such/list"})", Shape::flat(2));
  CHECK(gone.find("layer.edges: /no/such/list cannot be read (No such file or directory)") == 0);
  for (const char* path : {"/dev/zero", "/dev/null"}) {  // one has no end
    const std::string device =
        refusal(format(R"({"kind": "neuron_graph", "size": 2, "neurons": 5, "rounds": 3, "edges": "%s"})", path),
                Shape::flat(2));
    CHECK(device == format("layer.edges: %s is not a regular file; name a text file of connections", path));
  }
  const std::string folder =
      refusal(R"({"kind": "neuron_graph", "size": 2, "neurons": 5, "rounds": 3, "edges": "/tmp"})", Shape::flat(2));
  CHECK(folder.find("layer.edges: /tmp cannot be read (Is a directory)") == 0);
  const File chain("x0,0\n0,1\n1,4\n");
  const std::string late =
      refusal(R"({"kind": "neuron_graph", "size": 1, "neurons": 5, "rounds": 2, "edges": ")" + chain.path + "\"}",
              Shape::flat(2));
  CHECK(late.find("layer.rounds: must be at least 3, because no output depends on the row before, got 2") == 0);
}

// Counts that no memory holds are refused before anything is drawn.
TEST(neurons_refuse_absurd_numbers_of_connections) {
  const std::string dense = refusal(
      R"({"kind": "neuron_graph", "size": 2, "neurons": 16000000, "rounds": 3, "fan_in": 65536})", Shape::flat(2));
  CHECK(dense.find("layer.fan_in: makes about 1048576000000 connections, and at most 4294967294 can be numbered") == 0);
  const std::string inputs = refusal(
      R"({"kind": "neuron_graph", "size": 2, "neurons": 8000000, "rounds": 3, "fan_in": 0, "input_fan_in": 65536})",
      Shape::flat(8000000));
  CHECK(inputs.find("layer.input_fan_in: makes about 524288000000 connections") == 0);
  const std::string layers = refusal(
      R"({"kind": "neuron_layers", "size": 2, "shapes": [[3000, 3000]], "rounds": 3, "same": "all"})", Shape::flat(2));
  CHECK(layers.find("layer.same: makes about 81000018000000 connections") == 0);
  const std::string tile =
      refusal(R"({"kind": "neuron_layers", "size": 2, "shapes": [[3000, 3000]], "rounds": 3, "same": [99, 9999999]})",
              Shape::flat(2));
  CHECK(tile.find("layer.same: makes about 2673018000000 connections") == 0);
}

// A connection of a neuron with itself is one like any other: it reads the neuron's value of the round before.
TEST(neuron_graph_takes_connections_to_itself) {
  const File file("x0,0,2\n0,0,0.5\n0,1,1\n");
  Room room;
  const MadeLayer made(
      room.products,
      R"({"kind": "neuron_graph", "size": 1, "neurons": 2, "rounds": 4, "activation": "relu", "partition": "engine", )"
      R"("parts": 2, "edges": ")" +
          file.path + "\"}",
      Shape::flat(1));
  for (Parameter* p : made->parameters()) p->allocate(0);
  made->started();
  made->reserve(1);
  const float x[] = {1};
  float y[1];
  pack_and_forward(*made, {.rows = 1}, x, y);
  CHECK(y[0] == 3.5f);  // neuron 0 after three rounds: 2, 2 + 1, 2 + 1.5
}

TEST(neuron_graph_draws) {
  const std::string text =
      R"({"kind": "neuron_graph", "size": 4, "neurons": 100, "rounds": 2, "fan_in": 6, "input_fan_in": 3, "reach": 5)";
  Room room;
  const Shape row = Shape::flat(10);
  const MadeLayer made(room.products, text + "}", row);
  std::vector<int> fan_in(100), input_fan_in(100);
  for (const auto& [source, target] : edges_of(*made)) {
    const int n = target - 10, from = source - 10;
    ++(source < 10 ? input_fan_in : fan_in)[n];
    const int distance = std::abs(n - from);
    if (source >= 10) CHECK(distance > 0 && std::min(distance, 100 - distance) <= 5);
  }
  CHECK(fan_in == std::vector<int>(100, 6) && input_fan_in == std::vector<int>(100, 3));
  const MadeLayer same(room.products, text + "}", row), other(room.products, text + R"(, "seed": 2})", row);
  CHECK(edges_of(*same) == edges_of(*made) && edges_of(*other) != edges_of(*made));
  size_t far = 0;
  const MadeLayer rewired(room.products, text + R"(, "far": 0.5})", row);
  for (const auto& [source, target] : edges_of(*rewired)) {
    const int distance = std::abs(target - source);
    far += source >= 10 && std::min(distance, 100 - distance) > 5;
  }
  CHECK(far > 200 && far < 340);  // about half of 600, less the tenth of them that is near by chance
}

// Parts and where they come from change the order in memory and no bit.
TEST(neuron_graph_bits_do_not_depend_on_parts) {
  std::string lines;
  for (int n = 0; n < 300; ++n) lines += std::to_string((n * 7) % 4) + "\n";
  const File parts(lines);
  std::vector<float> first;
  for (const std::string& more : {std::string(R"("parts": 1)"), std::string(R"("parts": 2)"),
                                  std::string(R"("parts": 7)"), R"("partition": ")" + parts.path + "\""}) {
    Room room(2);
    const MadeLayer made(
        room.products, R"({"kind": "neuron_graph", "size": 9, "neurons": 300, "rounds": 4, "reach": 20, )" + more + "}",
        Shape::flat(30));
    start(*made, 40, 4);
    const auto x = random_values<float>(40 * 30, 5), d_y = random_values<float>(40 * 9, 6);
    std::vector<float> all(40 * 9), d_x(x.size());
    const Pass pass{.rows = 40, .training = true};
    pack_and_forward(*made, pass, x.data(), all.data());
    made->backward(pass, x.data(), d_y.data(), d_x.data());
    const auto gradients = parameter_gradients(*made);
    all.insert(all.end(), d_x.begin(), d_x.end());
    all.insert(all.end(), gradients.begin(), gradients.end());
    if (first.empty()) first = all;
    CHECK(all == first);
  }
  const std::string wrong =
      refusal(R"({"kind": "neuron_graph", "size": 9, "neurons": 299, "rounds": 4, "partition": ")" + parts.path + "\"}",
              Shape::flat(30));
  CHECK(wrong.find("layer.partition: " + parts.path + " has 300 lines, but there are 299 neurons") == 0);
}

// Four grids of 20 x 20 with few edges between them, numbered at random: they are found, and every part is balanced.
TEST(partition_finds_what_is_loosely_connected) {
  constexpr uint32_t kSide = 20, kGrids = 4, kAll = kGrids * kSide * kSide;
  std::vector<uint32_t> pairs, number(kAll);
  for (uint32_t v = 0; v < kAll; ++v) number[v] = v * 1237 % kAll;
  const auto vertex = [&](uint32_t grid, uint32_t i, uint32_t j) { return number[(grid * kSide + i) * kSide + j]; };
  for (uint32_t g = 0; g < kGrids; ++g) {
    for (uint32_t i = 0; i < kSide; ++i) {
      for (uint32_t j = 0; j < kSide; ++j) {
        if (i > 0) pairs.insert(pairs.end(), {vertex(g, i, j), vertex(g, i - 1, j)});
        if (j > 0) pairs.insert(pairs.end(), {vertex(g, i, j), vertex(g, i, j - 1)});
      }
    }
    pairs.insert(pairs.end(), {vertex(g, 3, 3), vertex((g + 1) % kGrids, 5, 5)});
  }
  const Graph graph = graph_of(kAll, pairs);
  const auto cut = [&](const std::vector<uint32_t>& part) {
    size_t count = 0;
    for (size_t i = 0; i < pairs.size(); i += 2) count += part[pairs[i]] != part[pairs[i + 1]];
    return count;
  };
  const auto four = partition(graph, 4);
  CHECK(cut(four) == 4);
  for (const uint32_t parts : {1u, 2u, 3u, 5u, 8u}) {
    const auto part = partition(graph, parts);
    std::vector<uint32_t> size(parts);
    for (const uint32_t p : part) ++size.at(p);
    for (const uint32_t count : size) CHECK(count * parts <= kAll * 11 / 10 && count * parts >= kAll * 9 / 10);
    CHECK(partition(graph, parts) == part);
    CHECK(cut(part) <= 30 * (parts - 1));
    std::vector<uint32_t> begin;
    const auto order = local_order(graph, part, parts, begin);
    CHECK(std::set<uint32_t>(order.begin(), order.end()).size() == kAll && begin.back() == kAll);
    for (uint32_t p = 0; p < parts; ++p) {
      for (uint32_t at = begin[p]; at < begin[p + 1]; ++at) CHECK(part[order[at]] == p);
    }
  }
}

TEST(partition_of_graphs_without_edges) {
  const Graph none = graph_of(10, {});
  const auto part = partition(none, 2);
  CHECK(std::count(part.begin(), part.end(), 0u) == 5);
  CHECK(partition(graph_of(1, {}), 4).size() == 1);  // more parts than vertices
  CHECK(partition(graph_of(3, {0, 0, 1, 2, 2, 1}), 2).size() == 3);
}
