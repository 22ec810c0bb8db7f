/** Normalisation within a row, of groups of channels. */
import { float, type Graph, type Translation } from "../onnx/graph.ts";
import { sizeOf } from "../../shapes.ts";
import { type Call, call, has, number } from "../torch/python.ts";
import type { Exports } from "./layer.ts";

const eps = (settings: Readonly<Record<string, unknown>>) => ({ epsilon: float(settings.eps as number) });

/** InstanceNormalization with scale 1 and shift 0. */
function instances(graph: Graph, x: string, channels: number, settings: Readonly<Record<string, unknown>>): string {
  const ones = graph.floats(new Float32Array(channels).fill(1)), zeros = graph.floats(new Float32Array(channels));
  return graph.node("InstanceNormalization", [x, ones, zeros], eps(settings));
}

/** The channels of a group are one channel of an InstanceNormalization, after which each channel has its own scale. */
const groups: Translation = (graph, { name, settings, output }, x) => {
  const count = settings.groups as number;
  const grouped = graph.reshape(x, [count, sizeOf(output) / count]);
  const normal = graph.reshape(instances(graph, grouped, count, settings), output);
  if (!graph.has(`${name}.weight`)) return normal;
  const vector = (part: string) => graph.overChannels(graph.weight(`${name}.${part}`), output);
  return graph.node("Add", [graph.node("Mul", [normal, vector("weight")]), vector("bias")]);
};

const instance: Translation = (graph, { name, settings, output }, x) => {
  if (!graph.has(`${name}.weight`)) return instances(graph, x, output[0]!, settings);
  const tensors = ["weight", "bias"].map((part) => graph.weight(`${name}.${part}`));
  return graph.node("InstanceNormalization", [x, ...tensors], eps(settings));
};

const instanceNorm: Call = (writer, layer) =>
  call(`nn.InstanceNorm${layer.input.length - 1}d`, [layer.input[0]!], {
    eps: [number(layer, "eps"), 1e-5],
    affine: [has(writer, layer, "weight"), false],
  });

const groupNorm: Call = (writer, layer) =>
  call("nn.GroupNorm", [number(layer, "groups"), layer.input[0]!], {
    eps: [number(layer, "eps"), 1e-5],
    affine: [has(writer, layer, "weight"), true],
  });

export const NORMS: Exports = {
  group_norm: { onnx: groups, torch: groupNorm },
  instance_norm: { onnx: instance, torch: instanceNorm },
};
