/** Linear layers, codes, shapes and layers of layers; and the table of all layers. */
import type { NetworkLayer } from "../network.ts";
import { sizeOfShape } from "../network.ts";
import { mirroredWeight } from "../tied.ts";
import { UserError } from "../../errors.ts";
import { ACTIVATIONS } from "./activations.ts";
import { float, type Graph, type Translation } from "./graph.ts";
import { NORMS } from "./norms.ts";
import { WINDOWS } from "./windows.ts";

/** x W' + b of flat rows. */
function affine(graph: Graph, x: string, weight: string, bias: string | null, isTransposed = true): string {
  const inputs = [x, weight, ...bias === null ? [] : [bias]];
  return graph.node("Gemm", inputs, isTransposed ? { transB: 1 } : {});
}

const flat = (graph: Graph, { input }: NetworkLayer, x: string) => graph.reshaped(x, input, [sizeOfShape(input)]);

const linear: Translation = (graph, layer, x) => {
  const { name, settings, output } = layer;
  const bias = graph.has(`${name}.bias`) ? graph.weight(`${name}.bias`) : null;
  const isTied = settings.tied === true;
  const weight = isTied ? mirroredWeight(graph.network, layer) : `${name}.weight`;
  const product = affine(graph, flat(graph, layer, x), graph.weight(weight), bias, !isTied);
  return graph.reshaped(product, [sizeOfShape(output)], output);
};

const reshape: Translation = (graph, { input, output }, x) => graph.reshaped(x, input, output);

/** The mean of the code's distribution, which is what it is where nothing is drawn. */
const variational: Translation = (graph, layer, x) => {
  const { name } = layer;
  return affine(graph, flat(graph, layer, x), graph.weight(`${name}.mean.weight`), graph.weight(`${name}.mean.bias`));
};

/** Of equal values the first one is kept, in the order of places and, at each, of channels. */
const topK: Translation = (graph, { settings, input }, x) => {
  const last = input.length - 1, axes = input.map((_, axis) => axis + 1);
  const byPlace = last === 0 ? x : graph.transpose(x, [0, ...axes.slice(1), 1]);
  const row = graph.reshaped(byPlace, input, [sizeOfShape(input)]);
  const [values, at] = graph.split("TopK", [row, graph.wholes([settings.k as number])], 2, { axis: 1 });
  const zeros = graph.node("ConstantOfShape", [graph.node("Shape", [row])]);
  const kept = graph.node("ScatterElements", [zeros, at!, values!], { axis: 1 });
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
  const places = graph.reshape(x, [input[0]!, sizeOfShape(input.slice(1))]);
  return graph.node("Reshape", [graph.transpose(places, [0, 2, 1]), graph.wholes([-1, input[0]!])]);
}
function ofVectors(graph: Graph, vectors: string, { input }: NetworkLayer): string {
  if (input.length === 1) return vectors;
  const places = graph.reshape(vectors, [sizeOfShape(input.slice(1)), input[0]!]);
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
  const width = input[0]!, places = sizeOfShape(input.slice(1));
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

const inner = (graph: Graph, layer: NetworkLayer, x: string) => translate(graph, layer.inner, x);

const shortcut: Translation = (graph, layer, x) => {
  const past = layer.settings.size as number, through = sizeOfShape(layer.input) - past;
  const [a, b] = graph.split("Split", [x, graph.wholes([through, past])], 2, { axis: 1 });
  return graph.node("Add", [inner(graph, layer, a!), b!]);
};

const TRANSLATIONS: Readonly<Record<string, Translation>> = {
  ...ACTIVATIONS,
  ...NORMS,
  ...WINDOWS,
  linear,
  flatten: reshape,
  unflatten: reshape,
  reshape,
  residual: (graph, layer, x) => graph.node("Add", [x, inner(graph, layer, x)]),
  dense_skip: (graph, layer, x) => graph.node("Concat", [x, inner(graph, layer, x)], { axis: 1 }),
  shortcut,
  contractive: inner,
  variational,
  top_k: topK,
  batch_top_k: batchTopK,
  jump_relu: jumpRelu,
  vector_quantised: vectorQuantised,
  positional_embedding: positionalEmbedding,
  covariate,
  self_attention: selfAttention,
};

/** Whether a kind of layer can be written in operators of ONNX. */
export const isInOnnx = (kind: string): boolean => Object.hasOwn(TRANSLATIONS, kind);

/** Adds layers one after the other. @param x rows in the first one's input shape. @throws {UserError} */
export function translate(graph: Graph, layers: readonly NetworkLayer[], x: string): string {
  return layers.reduce((value, layer) => {
    const translation = TRANSLATIONS[layer.kind];
    if (translation === undefined) throw new UserError(layer.name, `${layer.kind} cannot be written in ONNX`);
    return graph.within(layer.name, () => translation(graph, layer, value));
  }, x);
}
