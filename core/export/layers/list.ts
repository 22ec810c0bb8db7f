/** All kinds of layers that are exported: those that the engine describes, and those of the files beside this one. */
import { LAYERS } from "../../config/vocabulary.ts";
import { CODES } from "./codes.ts";
import { CONVOLUTIONS } from "./convolution.ts";
import { described } from "./described.ts";
import { DICTIONARIES } from "./dictionary.ts";
import type { ExportedKind, Exports } from "./layer.ts";
import { LINEAR } from "./linear.ts";
import { LOCALLY_CONNECTED_LAYERS } from "./locally_connected.ts";
import { NEURONS_EXPORTS } from "./neurons.ts";
import { NESTED } from "./nested.ts";
import { NORMS } from "./norms.ts";
import { SAMPLING } from "./sampling.ts";
import { SHAPES } from "./shapes.ts";
import { TOKENS } from "./tokens.ts";

const WRITTEN: Exports = {
  ...LINEAR,
  ...SHAPES,
  ...NESTED,
  ...CONVOLUTIONS,
  ...LOCALLY_CONNECTED_LAYERS,
  ...SAMPLING,
  ...NORMS,
  ...CODES,
  ...DICTIONARIES,
  ...TOKENS,
  ...NEURONS_EXPORTS,
};

/** How a kind of layer is written for other programs; null where that is not known. */
export function exportOf(kind: string): ExportedKind | null {
  const known = LAYERS.find(({ name }) => name === kind);
  return WRITTEN[kind] ?? (known ? described(known) : null);
}

/** The kinds among layers, and the layers within them, that cannot be exported, each once. */
export function missingKinds(layers: readonly { kind: string; inner: readonly typeof layers[number][] }[]): string[] {
  const kinds = layers.flatMap(({ kind, inner }) => [...exportOf(kind) ? [] : [kind], ...missingKinds(inner)]);
  return [...new Set(kinds)];
}
