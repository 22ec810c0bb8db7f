/** Layers that change each value by itself, or the values of a row among each other, without changing the shape. */
import { float, type Translation } from "./graph.ts";

/** From here on log(1 + e^x) is x as float32 has it. */
const SOFTPLUS_IS_LINEAR = 17;

const plain = (op: string): Translation => (graph, _, x) => graph.node(op, [x]);

const gelu: Translation = (graph, _, x) => {
  const erf = graph.node("Erf", [graph.node("Mul", [x, graph.floats(Math.SQRT1_2)])]);
  const half = graph.node("Mul", [x, graph.floats(0.5)]);
  return graph.node("Mul", [half, graph.node("Add", [erf, graph.floats(1)])]);
};

const softplus: Translation = (graph, { settings }, x) => {
  const beta = settings.beta as number, threshold = settings.threshold as number;
  const scaled = beta === 1 ? x : graph.node("Mul", [x, graph.floats(beta)]);
  const log = graph.node("Softplus", [scaled]);
  const bent = beta === 1 ? log : graph.node("Div", [log, graph.floats(beta)]);
  if (threshold >= SOFTPLUS_IS_LINEAR) return bent;
  return graph.node("Where", [graph.node("Greater", [scaled, graph.floats(threshold)]), x, bent]);
};

const prelu: Translation = (graph, { name, output }, x) =>
  graph.node("PRelu", [x, graph.overChannels(graph.weight(`${name}.weight`), output)]);

/** Noise, dropout and penalties change nothing where a network is not trained. */
const unchanged: Translation = (_, __, x) => x;

export const ACTIVATIONS: Readonly<Record<string, Translation>> = {
  relu: plain("Relu"),
  leaky_relu: (graph, { settings }, x) => graph.node("LeakyRelu", [x], { alpha: float(settings.slope as number) }),
  elu: (graph, { settings }, x) => graph.node("Elu", [x], { alpha: float(settings.alpha as number) }),
  gelu,
  silu: (graph, _, x) => graph.node("Mul", [x, graph.node("Sigmoid", [x])]),
  tanh: plain("Tanh"),
  sigmoid: plain("Sigmoid"),
  softplus,
  softmax: (graph, _, x) => graph.node("Softmax", [x], { axis: 1 }),
  prelu,
  dropout: unchanged,
  l1: unchanged,
  gaussian_noise: unchanged,
  salt_and_pepper: unchanged,
  mask_noise: unchanged,
  mask_tokens: unchanged,
};
