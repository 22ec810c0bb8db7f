/** A network as grids of units, one behind the other, and the single weights between them. */
import { sizeOf } from "../shapes.ts";
import { type Chosen, type DiagnosticContext, NoAnswer, type ParameterAbout } from "./diagnostic.ts";

/** The input, or what a layer gives. A layer without weights that keeps the shape is joined to the one before it. */
export interface StageAbout {
  /** `input`, or the name of the first of its layers: `encoder.0`. */
  readonly name: string;
  readonly kinds: readonly string[];
  /** Of all units, channels first. */
  readonly shape: readonly number[];
  /** Numbers of its layers among the network's; the input has none. */
  readonly layers: readonly number[];
}

type Network = Pick<DiagnosticContext, "layers" | "parameters" | "data">;

export function stagesOf({ layers, parameters, data: { shape, columns } }: Network): StageAbout[] {
  const trained = parameters().map(({ name }) => name);
  const all: StageAbout[] = [{ name: "input", kinds: [], shape: shape ?? [columns], layers: [] }];
  for (const [i, layer] of layers.entries()) {
    const last = all.at(-1)!, part = layer.name.split(".")[0];
    const isBare = !trained.some((name) => name.startsWith(`${layer.name}.`));
    if (isBare && String(last.shape) === String(layer.shape) && last.name.split(".")[0] === part) {
      all[all.length - 1] = { ...last, kinds: [...last.kinds, layer.kind], layers: [...last.layers, i] };
    } else all.push({ name: layer.name, kinds: [layer.kind], shape: layer.shape, layers: [i] });
  }
  // A reconstruction has the shape of a row, also where the layer that gives it knows nothing of it.
  const last = all.at(-1)!;
  if (shape !== null && last.name !== "input" && sizeOf(last.shape) === sizeOf(shape)) {
    all[all.length - 1] = { ...last, shape };
  }
  return all;
}

/**
 * What a stage gives for some rows: rows x units. Null where that is not known; the last one has the reconstruction where its
 * layer gives nothing as such.
 */
export async function stageValues(
  context: Network & Pick<DiagnosticContext, "input" | "layerOutputs" | "reconstruct">,
  chosen: Chosen,
  stage: StageAbout,
): Promise<Float32Array | null> {
  const layer = stage.layers.at(-1);
  if (layer === undefined) return await context.input(chosen);
  try {
    return await context.layerOutputs(chosen, layer);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const isLast = layer === context.layers.length - 1 && context.layers[layer]!.outputs === context.data.columns;
    return isLast ? await context.reconstruct(chosen) : null;
  }
}

/** The weights of a layer between two neighbouring stages: units of `to` x units of `from`. */
export interface LinkAbout {
  readonly from: number;
  readonly to: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly weight: ParameterAbout;
}

/** Layers whose weights are outputs x inputs, one for each pair of units. */
const LINEAR: readonly string[] = ["linear", "sparse_code"];

/** Layers of more weights than this are not looked at. */
const WEIGHTS_MAX = 100_000_000;

/** The links of the stages, from the input on. */
export function linksOf({ parameters }: Pick<Network, "parameters">, stages: readonly StageAbout[]): LinkAbout[] {
  const all = parameters();
  return stages.flatMap(({ name, kinds, shape }, to) => {
    const before = stages[to - 1], weight = all.find((parameter) => parameter.name === `${name}.weight`);
    if (before === undefined || weight === undefined || !LINEAR.includes(kinds[0]!)) return [];
    const inputs = sizeOf(before.shape), outputs = sizeOf(shape);
    if (String(weight.shape) !== String([outputs, inputs]) || inputs * outputs > WEIGHTS_MAX) return [];
    // The network has channels first in its weights, as its shapes here.
    return [{ from: to - 1, to, inputs, outputs, weight }];
  });
}

/** The places of the largest absolute values, the largest first. */
export function strongestOf(values: Float32Array, most: number): number[] {
  const kept: number[] = [];
  let least = 0;
  const size = (at: number) => Math.abs(values[at]!);
  const shrink = () => {
    kept.sort((a, b) => size(b) - size(a) || a - b);
    kept.length = Math.min(kept.length, most);
    if (kept.length === most && most > 0) least = size(kept[most - 1]!);
  };
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (!(value > least || -value > least)) continue;
    kept.push(at);
    if (kept.length >= 2 * most + 64) shrink();
  }
  shrink();
  return kept;
}

export interface StrongWeight {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

/** Weights that are read at once. */
const BLOCK = 1 << 22;

/** Blocks of a link's weights: whole rows, as many as there is room for. */
async function* weightBlocks({ inputs, outputs, weight }: LinkAbout) {
  const rows = Math.max(1, Math.floor(BLOCK / inputs));
  for (let first = 0; first < outputs; first += rows) {
    yield { first, values: await weight.read(first, Math.min(rows, outputs - first)) };
  }
}

/** The strongest weights of a link, the strongest one first; of equal ones, the earlier. */
export async function strongestWeights(link: LinkAbout, most: number): Promise<StrongWeight[]> {
  if (most < 1) return [];
  const all: StrongWeight[] = [];
  for await (const { first, values } of weightBlocks(link)) {
    for (const at of strongestOf(values, most)) {
      all.push({ from: at % link.inputs, to: first + Math.floor(at / link.inputs), weight: values[at]! });
    }
  }
  // Those of a block are in order, and blocks follow each other, so that the sort keeps the earlier of equal ones first.
  return all.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight)).slice(0, most);
}
