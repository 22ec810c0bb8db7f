/** Layers over the places of a row, and what is added to them. */
import type { Translation } from "../onnx/graph.ts";
import { sizeOf } from "../../shapes.ts";
import { number, own, pythonClass } from "../torch/python.ts";
import type { Exports } from "./layer.ts";

const positionalEmbedding: Translation = (graph, { name, output }, x) => {
  const byChannel = graph.transpose(graph.weight(`${name}.weight`), [1, 0]);
  return graph.node("Add", [x, graph.node("Reshape", [byChannel, graph.wholes(output)])]);
};

const covariate: Translation = (graph, { name, output }, x) => {
  const added = graph.node("Gather", [graph.weight(`${name}.weight`), "category"], { axis: 0 });
  return graph.node("Add", [x, graph.reshaped(added, [output[0]!], output.map((size, axis) => axis === 0 ? size : 1))]);
};

/** softmax(q k' / sqrt(d)) v of the places of a row, as torch.nn.MultiheadAttention has it. */
const selfAttention: Translation = (graph, { name, settings, input }, x) => {
  const width = input[0]!, places = sizeOf(input.slice(1));
  const heads = settings.heads as number, depth = width / heads;
  const product = (value: string, weight: string, bias: string) => {
    const turned = graph.transpose(graph.weight(`${name}.${weight}`), [1, 0]);
    return graph.node("Add", [graph.node("MatMul", [value, turned]), graph.weight(`${name}.${bias}`)]);
  };
  const tokens = graph.transpose(graph.reshape(x, [width, places]), [0, 2, 1]);
  const projected = product(tokens, "in_proj_weight", "in_proj_bias");
  const parts = graph.split("Split", [projected, graph.wholes([width, width, width])], 3, { axis: 2 });
  const [q, k, v] = parts.map((part) => graph.reshape(part, [places, heads, depth])) as [string, string, string];
  const fits = graph.node("MatMul", [graph.transpose(q, [0, 2, 1, 3]), graph.transpose(k, [0, 2, 3, 1])]);
  const shares = graph.node("Softmax", [graph.node("Mul", [fits, graph.floats(1 / Math.sqrt(depth))])], { axis: 3 });
  const mixed = graph.transpose(graph.node("MatMul", [shares, graph.transpose(v, [0, 2, 1, 3])]), [0, 2, 1, 3]);
  const out = product(graph.reshape(mixed, [places, width]), "out_proj.weight", "out_proj.bias");
  return graph.reshape(graph.transpose(out, [0, 2, 1]), input);
};

const POSITIONAL = pythonClass(
  "PositionalEmbedding",
  `
class PositionalEmbedding(nn.Embedding):
    """Adds a vector to the channels of each place."""

    def forward(self, x):
        return x + self.weight.T.reshape(x.shape[1:])
`,
);

const COVARIATE = pythonClass(
  "Covariate",
  `
class Covariate(nn.Embedding):
    """Adds a vector of the row's category to the channels of each place."""

    category = None  # of each row, from 0; set before each call

    def forward(self, x):
        return x + super().forward(self.category).reshape(-1, x.shape[1], *[1] * (x.dim() - 2))
`,
);

const SELF_ATTENTION = pythonClass(
  "SelfAttention",
  `
class SelfAttention(nn.MultiheadAttention):
    """Mixes the places of a row."""

    def __init__(self, channels, heads):
        super().__init__(channels, heads, batch_first=True)

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        return super().forward(tokens, tokens, tokens, need_weights=False)[0].transpose(1, 2).reshape(x.shape)
`,
);

export const TOKENS: Exports = {
  positional_embedding: {
    onnx: positionalEmbedding,
    torch: own(POSITIONAL, ({ input }) => [sizeOf(input.slice(1)), input[0]!]),
  },
  covariate: {
    onnx: covariate,
    torch: own(COVARIATE, (layer, { network }) => network.tensors.get(`${layer.name}.weight`)?.shape ?? []),
  },
  self_attention: {
    onnx: selfAttention,
    torch: own(SELF_ATTENTION, (layer) => [layer.input[0]!, number(layer, "heads")]),
  },
};
