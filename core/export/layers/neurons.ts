/** Networks of neurons: each round is a product with the matrix of the connections' weights. */
import type { Translation } from "../onnx/graph.ts";
import type { NetworkLayer } from "../network.ts";
import { sizeOf } from "../../shapes.ts";
import { number, own, pythonClass, type Writer } from "../torch/python.ts";
import type { Exports } from "./layer.ts";

/** ONNX has no sparse products in its operators, so the matrix of all pairs is made, from `edge_index`, when it is run. */
const onnx: Translation = (graph, layer, x) => {
  const { name, input, output, settings } = layer;
  const inputs = sizeOf(input), outputs = sizeOf(output);
  const bias = graph.weight(`${name}.bias`);
  const neurons = graph.node("Shape", [bias]);
  const whole = graph.node("Cast", [graph.weight(`${name}.edge_index`)], { to: 7 });
  // edge_index numbers the values of the row first: rows of the matrix are neurons, columns are values and neurons.
  const [source, target] = graph.split("Split", [whole], 2, { axis: 0 });
  const pairs = graph.node("Concat", [graph.node("Sub", [target!, graph.wholes(inputs)]), source!], { axis: 0 });
  const width = graph.node("Add", [neurons, graph.wholes(inputs)]);
  const zeros = graph.node("ConstantOfShape", [graph.node("Concat", [neurons, width], { axis: 0 })]);
  const places = graph.transpose(pairs, [1, 0]);
  const matrix = graph.transpose(graph.node("ScatterND", [zeros, places, graph.weight(`${name}.weight`)]), [1, 0]);
  const of = (from: string, to: string) =>
    graph.node("Slice", [matrix, graph.node("Reshape", [from, graph.wholes([1])]), to, graph.wholes([0])]);
  const start = graph.wholes([0]), end = graph.wholes([inputs]);
  const row = graph.reshaped(x, input, [inputs]);
  const base = graph.node("Add", [graph.node("MatMul", [row, of(start, end)]), bias]);
  const inner = of(end, width);
  let sum = base;
  for (let round = 1; round < (settings.rounds as number); round++) {
    sum = graph.node("Add", [base, graph.node("MatMul", [activated(graph, layer, sum), inner])]);
  }
  const last = graph.node("Slice", [
    sum,
    graph.wholes([-outputs]),
    graph.wholes([Number.MAX_SAFE_INTEGER]),
    graph.wholes([1]),
  ]);
  return graph.reshaped(last, [outputs], output);
};

const OPERATORS: Readonly<Record<string, string>> = { tanh: "Tanh", sigmoid: "Sigmoid", relu: "Relu" };

function activated(graph: Parameters<Translation>[0], { settings }: NetworkLayer, sum: string): string {
  const operator = OPERATORS[settings.activation as string];
  return operator === undefined
    ? graph.node("LeakyRelu", [sum], { alpha: { float: 0.01 } })
    : graph.node(operator, [sum]);
}

const NEURONS = pythonClass(
  "Neurons",
  `
class Neurons(nn.Module):
    """Neurons that are evaluated for some rounds, each a weighted sum of values of the row and of others a round before.
    edge_index has the source and the target of each connection: values of the row are numbered first, then neurons."""

    def __init__(self, output, inputs, neurons, connections, rounds, activation):
        super().__init__()
        self.output, self.inputs, self.rounds, self.activation = output, inputs, rounds, activation
        self.weight = nn.Parameter(torch.zeros(connections))
        self.bias = nn.Parameter(torch.zeros(neurons))
        self.register_buffer("edge_index", torch.zeros(2, connections))

    def forward(self, x):
        source, target = self.edge_index.long()
        neurons = len(self.bias)
        places = torch.stack([target - self.inputs, source])
        matrix = torch.sparse_coo_tensor(places, self.weight, (neurons, self.inputs + neurons), check_invariants=False)
        row = x.flatten(1).T
        v = row.new_zeros(neurons, row.shape[1])
        for _ in range(self.rounds):
            z = torch.sparse.mm(matrix, torch.cat([row, v])) + self.bias[:, None]
            v = self.activation(z)
        return z[-math.prod(self.output):].T.reshape(-1, *self.output)
`,
);

const FUNCTIONS: Readonly<Record<string, string>> = {
  tanh: "torch.tanh",
  sigmoid: "torch.sigmoid",
  relu: "torch.relu",
  leaky_relu: "functional.leaky_relu",
};

/** Elements of a tensor of the layer. */
const count = ({ network }: Writer, { name }: NetworkLayer, tensor: string) =>
  sizeOf(network.tensors.get(`${name}.${tensor}`)!.shape);

const neurons = {
  onnx,
  torch: own(NEURONS, (layer, writer) => [
    layer.output,
    sizeOf(layer.input),
    count(writer, layer, "bias"),
    count(writer, layer, "weight"),
    number(layer, "rounds"),
    FUNCTIONS[layer.settings.activation as string]!,
  ]),
};

export const NEURONS_EXPORTS: Exports = { neuron_layers: neurons, neuron_graph: neurons };
