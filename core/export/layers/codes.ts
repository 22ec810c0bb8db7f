/** Latent codes. */
import { float, type Graph, type Translation } from "../onnx/graph.ts";
import type { NetworkLayer } from "../network.ts";
import { sizeOf } from "../../shapes.ts";
import { literal, number, own, pythonClass, type Writer } from "../torch/python.ts";
import type { Exports } from "./layer.ts";
import { affine, flat } from "./linear.ts";

/** The mean of the code's distribution, which is what it is where nothing is drawn. */
const variational: Translation = (graph, layer, x) => {
  const { name } = layer;
  return affine(graph, flat(graph, layer, x), graph.weight(`${name}.mean.weight`), graph.weight(`${name}.mean.bias`));
};

/** The k largest values of flat rows, 0 elsewhere. */
export function keptLargest(graph: Graph, row: string, k: number): string {
  const [values, at] = graph.split("TopK", [row, graph.wholes([k])], 2, { axis: 1 });
  const zeros = graph.node("ConstantOfShape", [graph.node("Shape", [row])]);
  return graph.node("ScatterElements", [zeros, at!, values!], { axis: 1 });
}

/** Of equal values the first one is kept, in the order of places and, at each, of channels. */
const topK: Translation = (graph, { settings, input }, x) => {
  const last = input.length - 1, axes = input.map((_, axis) => axis + 1);
  const byPlace = last === 0 ? x : graph.transpose(x, [0, ...axes.slice(1), 1]);
  const row = graph.reshaped(byPlace, input, [sizeOf(input)]);
  const kept = keptLargest(graph, row, settings.k as number);
  if (last === 0) return kept;
  return graph.transpose(graph.reshape(kept, [...input.slice(1), input[0]!]), [0, last + 1, ...axes.slice(0, -1)]);
};

const batchTopK: Translation = (graph, { name }, x) => {
  const isBelow = graph.node("Less", [x, graph.weight(`${name}.threshold`)]);
  return graph.node("Where", [isBelow, graph.floats(0), x]);
};

const jumpRelu: Translation = (graph, { name, output }, x) => {
  const threshold = graph.node("Exp", [graph.weight(`${name}.log_threshold`)]);
  return graph.node("Where", [graph.node("Greater", [x, graph.overChannels(threshold, output)]), x, graph.floats(0)]);
};

/** The places of a row as vectors of their channels, {rows x places, channels}, and back. */
function asVectors(graph: Graph, x: string, { input }: NetworkLayer): string {
  if (input.length === 1) return x;
  const places = graph.reshape(x, [input[0]!, sizeOf(input.slice(1))]);
  return graph.node("Reshape", [graph.transpose(places, [0, 2, 1]), graph.wholes([-1, input[0]!])]);
}
function ofVectors(graph: Graph, vectors: string, { input }: NetworkLayer): string {
  if (input.length === 1) return vectors;
  const places = graph.reshape(vectors, [sizeOf(input.slice(1)), input[0]!]);
  return graph.reshape(graph.transpose(places, [0, 2, 1]), input);
}

/** The nearest code has the least |e|^2 - 2 x e. */
const vectorQuantised: Translation = (graph, layer, x) => {
  const codebook = graph.weight(`${layer.name}.codebook`);
  const vectors = asVectors(graph, x, layer);
  const norms = graph.node("ReduceSum", [graph.node("Mul", [codebook, codebook]), graph.wholes([1])], { keepdims: 0 });
  const distances = graph.node("Gemm", [vectors, codebook, norms], { transB: 1, alpha: float(-2) });
  const nearest = graph.node("ArgMin", [distances], { axis: 1, keepdims: 0 });
  return ofVectors(graph, graph.node("Gather", [codebook, nearest], { axis: 0 }), layer);
};

const VARIATIONAL = pythonClass(
  "Variational",
  `
class Variational(nn.Module):
    """The code of a variational autoencoder: its mean, and in training a sample."""

    def __init__(self, inputs, size):
        super().__init__()
        self.mean, self.log_variance = nn.Linear(inputs, size), nn.Linear(inputs, size)

    def forward(self, x):
        x = x.flatten(1)
        if not self.training:
            return self.mean(x)
        deviation = torch.exp(self.log_variance(x).clamp(-15, 15) / 2)
        return self.mean(x) + deviation * torch.randn_like(deviation)
`,
);

const TOP_K = pythonClass(
  "TopK",
  `
class TopK(nn.Module):
    """Keeps the k largest values of a row; of equal ones the first, by places and then by channels."""

    def __init__(self, k):
        super().__init__()
        self.k = k

    def forward(self, x):
        rows = x.movedim(1, -1)
        flat = rows.flatten(1)
        values, at = flat.sort(dim=1, descending=True, stable=True)
        kept = torch.zeros_like(flat).scatter(1, at[:, :self.k], values[:, :self.k])
        return kept.reshape(rows.shape).movedim(-1, 1)
`,
);

const BATCH_TOP_K = pythonClass(
  "BatchTopK",
  `
class BatchTopK(nn.Module):
    """Keeps values from a threshold on, which training has found."""

    def __init__(self):
        super().__init__()
        self.register_buffer("threshold", torch.zeros(1))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x):
        return torch.where(x < self.threshold, 0, x)
`,
);

const JUMP_RELU = pythonClass(
  "JumpReLU",
  `
class JumpReLU(nn.Module):
    """x where it is above the threshold of its channel, else 0"""

    def __init__(self, channels):
        super().__init__()
        self.log_threshold = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        threshold = self.log_threshold.exp().reshape(-1, *[1] * (x.dim() - 2))
        return torch.where(x > threshold, x, 0)
`,
);

const VECTOR_QUANTISED = pythonClass(
  "VectorQuantised",
  `
class VectorQuantised(nn.Module):
    """Replaces the channels of each place by the nearest vector of the codebook."""

    def __init__(self, codes, channels, statistics):
        super().__init__()
        self.codebook = nn.Parameter(torch.zeros(codes, channels))
        for name, shape in statistics.items():  # by which training moves the codebook
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float if shape else torch.long))

    def forward(self, x):
        places = x.movedim(1, -1)
        distances = (self.codebook**2).sum(1) - 2 * places @ self.codebook.T
        return self.codebook[distances.argmin(-1)].movedim(-1, 1)
`,
);

/** The running statistics of a codebook, with their shapes. */
const statistics = ({ name }: NetworkLayer, { network }: Writer): string => {
  const found = [...network.tensors.values()].filter((tensor) =>
    tensor.name.startsWith(`${name}.`) && tensor.name !== `${name}.codebook`
  );
  return `{${found.map((t) => `"${t.name.slice(name.length + 1)}": ${literal(t.shape)}`).join(", ")}}`;
};

export const CODES: Exports = {
  variational: { onnx: variational, torch: own(VARIATIONAL, ({ input, output }) => [sizeOf(input), output[0]!]) },
  top_k: { onnx: topK, torch: own(TOP_K, (layer) => [number(layer, "k")]) },
  batch_top_k: { onnx: batchTopK, torch: own(BATCH_TOP_K, () => []) },
  jump_relu: { onnx: jumpRelu, torch: own(JUMP_RELU, ({ input }) => [input[0]!]) },
  vector_quantised: {
    onnx: vectorQuantised,
    torch: own(VECTOR_QUANTISED, (layer, writer) => [
      number(layer, "codes"),
      layer.input[0]!,
      statistics(layer, writer),
    ]),
  },
};
