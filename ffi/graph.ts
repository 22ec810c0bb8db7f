/** Graphs of neurons: the connections of a layer, and dividing a graph into parts. */
import type { Layer } from "../spec/network.ts";
import { errorRecord, unwrap } from "./error.ts";
import { engine } from "./library.ts";
import { MAX_U32, whole } from "./numbers.ts";

/**
 * The connections between the neurons of a layer `neuron_graph`: source and target of each, one after the other.
 * @throws {EngineError} `invalid_argument` that begins with `layer.` and the setting
 */
export function graphEdges(layer: Layer): Uint32Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(layer));
  const count = new BigUint64Array(1);
  const call = (capacity: number) => {
    const error = errorRecord();
    const pairs = new Uint32Array(Math.max(1, 2 * capacity)); // an empty array would arrive as NULL
    unwrap(engine().nrw_graph_edges(text, text.length, pairs, BigInt(capacity), count, error), error);
    return pairs;
  };
  call(0);
  const edges = Number(count[0]);
  return edges === 0 ? new Uint32Array() : call(edges).subarray(0, 2 * edges);
}

/**
 * The part of each vertex: parts of about the same size with few edges between them, the same for the same graph.
 * @param pairs the two ends of each edge, one after the other
 * @throws {EngineError}
 */
export async function partitionGraph(
  vertices: number,
  pairs: Uint32Array<ArrayBuffer>,
  parts: number,
): Promise<Uint32Array<ArrayBuffer>> {
  const part = new Uint32Array(whole(vertices, "vertices", 1, MAX_U32));
  const error = errorRecord();
  const edges = pairs.length === 0 ? new Uint32Array(2) : pairs;
  unwrap(
    await engine().nrw_graph_partition(
      vertices,
      edges,
      BigInt(pairs.length / 2),
      whole(parts, "parts", 1, MAX_U32),
      part,
      error,
    ),
    error,
  );
  return part;
}
