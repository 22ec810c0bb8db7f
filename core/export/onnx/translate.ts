/** Layers one after the other as nodes of ONNX. */
import { exportOf } from "../layers/list.ts";
import type { NetworkLayer } from "../network.ts";
import type { Graph } from "./graph.ts";

/** @param x rows in the first layer's input shape */
export function translate(graph: Graph, layers: readonly NetworkLayer[], x: string): string {
  return layers.reduce((value, layer) => {
    const { onnx } = exportOf(layer.kind)!;
    return graph.within(layer.name, () => onnx(graph, layer, value, (x) => translate(graph, layer.inner, x)));
  }, x);
}
