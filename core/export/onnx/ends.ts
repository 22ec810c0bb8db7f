/** The ends of a network in ONNX: the transforms of its input, and how a loss makes reconstructions of its outputs. */
import { type Link, SIZE_LIMITS } from "../link.ts";
import type { FixedTransform } from "../network.ts";
import type { Graph } from "./graph.ts";

const sum = (graph: Graph, rows: string) => graph.node("ReduceSum", [rows, graph.wholes([1])], { keepdims: 1 });

function transformed(graph: Graph, rows: string, transform: FixedTransform): string {
  switch (transform.kind) {
    case "library_size": {
      const total = sum(graph, rows), isEmpty = graph.node("Equal", [total, graph.floats(0)]);
      const divisor = graph.node("Where", [isEmpty, graph.floats(transform.target), total]);
      return graph.node("Mul", [rows, graph.node("Div", [graph.floats(transform.target), divisor])]);
    }
    case "log1p":
      return graph.node("Log", [graph.node("Add", [rows, graph.floats(1)])]);
    case "scale":
      return graph.node("Mul", [rows, graph.floats(transform.factor)]);
    case "clip":
      return graph.node("Clip", [rows, graph.floats(transform.min), graph.floats(transform.max)]);
    case "binarize": {
      const isAbove = graph.node("Greater", [rows, graph.floats(transform.threshold)]);
      return graph.node("Where", [isAbove, graph.floats(1), graph.floats(0)]);
    }
  }
}

/** What the encoder gets of the rows. */
export const encoderInput = (graph: Graph, rows: string, transforms: readonly FixedTransform[]): string =>
  transforms.reduce((value, transform) => transformed(graph, value, transform), rows);

/** The sum of a row divided by the scale, in the engine's limits; 0 for a row of zeros. */
function sizes(graph: Graph, rows: string, { scale, unit }: NonNullable<Link["size"]>): string {
  const total = sum(graph, rows);
  const share = graph.node("Div", [total, graph.floats(scale)]);
  const limited = graph.node("Clip", [share, ...SIZE_LIMITS.map((limit) => graph.floats(limit))]);
  const scaled = unit === 1 ? limited : graph.node("Mul", [limited, graph.floats(unit)]);
  return graph.node("Where", [graph.node("Equal", [total, graph.floats(0)]), graph.floats(0), scaled]);
}

/**
 * Reconstructions of the outputs of the decoder.
 * @param outputs flat rows, of which the first `columns` values count
 * @param width values of a row of outputs
 * @param rows the rows that are reconstructed
 */
export function reconstructed(graph: Graph, link: Link, outputs: string, width: number, rows: string): string {
  const { columns } = graph.network;
  const first = width === columns
    ? outputs
    : graph.node("Slice", [outputs, ...[0, columns, 1].map((value) => graph.wholes([value]))]);
  if (link.function === "identity") return first;
  if (link.function === "sigmoid") return graph.node("Sigmoid", [first]);
  const logits = link.function === "softmax" ? graph.node("LogSoftmax", [first], { axis: 1 }) : first;
  const limited = graph.node("Clip", [logits, graph.floats(link.lowest), graph.floats(link.highest)]);
  const means = graph.node(link.function === "softplus" ? "Softplus" : "Exp", [limited]);
  return link.size === null ? means : graph.node("Mul", [means, sizes(graph, rows, link.size)]);
}
