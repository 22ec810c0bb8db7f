/** How a network of neurons is divided into parts: what a run writes into graphs.json and its report draws. */
import { type Decoder, list, number, object, text } from "./decode.ts";

/** In the run folder; only where a network has parts. */
export const GRAPHS_FILE = "graphs.json";
/** Most parts of which every pair is counted. */
export const PAIRED_PARTS_MAX = 128;

export interface GraphParts {
  /** `encoder.1` */
  readonly layer: string;
  readonly neurons: number;
  /** Between neurons. */
  readonly connections: number;
  /** What has divided them: METIS, engine, file. */
  readonly by: string;
  /** The neurons of each part. */
  readonly sizes: readonly number[];
  /** Connections whose two neurons are in the same part. */
  readonly within: number;
  /** Connections from a part (row) to a part (column); empty where there are more than {@link PAIRED_PARTS_MAX} parts. */
  readonly between: readonly (readonly number[])[];
}

/** Of graphs.json. */
export const graphParts: Decoder<readonly GraphParts[]> = list(object<GraphParts>({
  layer: text,
  neurons: number,
  connections: number,
  by: text,
  sizes: list(number),
  within: number,
  between: list(list(number)),
}));

/** @param pairs source and target of each connection */
export function countParts(layer: string, by: string, part: Uint32Array, pairs: Uint32Array): GraphParts {
  const count = part.reduce((most, each) => Math.max(most, each + 1), 0);
  const sizes = new Array<number>(count).fill(0);
  for (const each of part) sizes[each]!++;
  const isPaired = count <= PAIRED_PARTS_MAX;
  const between = isPaired ? sizes.map(() => new Array<number>(count).fill(0)) : [];
  let within = 0;
  for (let at = 0; at < pairs.length; at += 2) {
    const from = part[pairs[at]!]!, to = part[pairs[at + 1]!]!;
    if (from === to) within++;
    if (isPaired) between[from]![to]!++;
  }
  return { layer, neurons: part.length, connections: pairs.length / 2, by, sizes, within, between };
}
