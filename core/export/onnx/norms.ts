/** Layers that normalise. */
import { sizeOfShape } from "../network.ts";
import { float, type Graph, type Translation } from "./graph.ts";

const eps = (settings: Readonly<Record<string, unknown>>) => ({ epsilon: float(settings.eps as number) });

/** InstanceNormalization with scale 1 and shift 0. */
function instances(graph: Graph, x: string, channels: number, settings: Readonly<Record<string, unknown>>): string {
  const ones = graph.floats(new Float32Array(channels).fill(1)), zeros = graph.floats(new Float32Array(channels));
  return graph.node("InstanceNormalization", [x, ones, zeros], eps(settings));
}

const layerNorm: Translation = (graph, { name, settings }, x) =>
  graph.node("LayerNormalization", [x, graph.weight(`${name}.weight`), graph.weight(`${name}.bias`)], {
    axis: 1,
    ...eps(settings),
  });

const batchNorm: Translation = (graph, { name, settings }, x) => {
  const tensors = ["weight", "bias", "running_mean", "running_var"].map((part) => graph.weight(`${name}.${part}`));
  return graph.node("BatchNormalization", [x, ...tensors], eps(settings));
};

/** The channels of a group are one channel of an InstanceNormalization, after which each channel has its own scale. */
const groupNorm: Translation = (graph, { name, settings, output }, x) => {
  const groups = settings.groups as number;
  const grouped = graph.reshape(x, [groups, sizeOfShape(output) / groups]);
  const normal = graph.reshape(instances(graph, grouped, groups, settings), output);
  if (!graph.has(`${name}.weight`)) return normal;
  const vector = (part: string) => graph.overChannels(graph.weight(`${name}.${part}`), output);
  return graph.node("Add", [graph.node("Mul", [normal, vector("weight")]), vector("bias")]);
};

const instanceNorm: Translation = (graph, { name, settings, output }, x) => {
  if (!graph.has(`${name}.weight`)) return instances(graph, x, output[0]!, settings);
  const tensors = ["weight", "bias"].map((part) => graph.weight(`${name}.${part}`));
  return graph.node("InstanceNormalization", [x, ...tensors], eps(settings));
};

export const NORMS: Readonly<Record<string, Translation>> = {
  layer_norm: layerNorm,
  batch_norm: batchNorm,
  group_norm: groupNorm,
  instance_norm: instanceNorm,
};
