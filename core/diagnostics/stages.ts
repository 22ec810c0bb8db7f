/** A network as grids of units, one behind the other, and the single weights between them. */
import { sizeOf } from "../shapes.ts";
import { type Chosen, type DiagnosticContext, type LayerAbout, NoAnswer, type ParameterAbout } from "./diagnostic.ts";

/** The input, or what a layer gives. A layer without weights that keeps the shape is joined to the one before it. */
export interface StageAbout {
  /** `input`, or the name of the first of its layers: `encoder.0`, or within a layer `encoder.0.layers.1`. */
  readonly name: string;
  readonly kinds: readonly string[];
  /** Of all units, channels first. */
  readonly shape: readonly number[];
  /** Names of its layers; the input has none. */
  readonly layers: readonly string[];
  /** What its first layer takes: the first `count` values of another stage, by its name. Null where it takes none as such. */
  readonly before: { readonly stage: string; readonly count: number } | null;
  /**
   * Where values of other stages meet, as around the layers within a layer: its units from `to` on are `size` values of a stage from
   * `first` on; a unit that two of them give is their sum. Of other stages empty.
   */
  readonly sources: readonly {
    readonly stage: string;
    readonly first: number;
    readonly size: number;
    readonly to: number;
  }[];
}

/** A layer, with those within it and what of a row goes past them, as ffi/model_types.ts has it. */
export interface StageLayer extends Pick<LayerAbout, "name" | "kind" | "shape"> {
  /** Number of values that it takes. */
  readonly inputs?: number;
  readonly inner?: readonly StageLayer[];
  readonly past?: { readonly first: number; readonly size: number; readonly added: boolean } | null;
}

type Network = Pick<DiagnosticContext, "layers" | "parameters" | "data">;
type Staged = Pick<Network, "parameters" | "data"> & { readonly layers: readonly StageLayer[] };

/** Stages in the order in which rows go through them; the layers within a layer are stages before it. */
export function stagesOf({ layers, parameters, data: { shape, columns } }: Staged): StageAbout[] {
  const trained = parameters().map(({ name }) => name);
  const all: StageAbout[] = [
    { name: "input", kinds: [], shape: shape ?? [columns], layers: [], before: null, sources: [] },
  ];
  const part = (name: string) => name.split(".")[0];
  const join = ({ name, kind }: StageLayer) => {
    const last = all.at(-1)!;
    all[all.length - 1] = { ...last, kinds: [...last.kinds, kind], layers: [...last.layers, name] };
  };
  /** @param isNeeded whether other layers take the values of the stage before as they are */
  const add = (layer: StageLayer, isNeeded: boolean): void => {
    const { name, kind, shape, inner = [], past = null } = layer, last = all.at(-1)!;
    const own = { name, kinds: [kind], shape, layers: [name] };
    if (inner.length === 0) {
      const isBare = !trained.some((tensor) => tensor.startsWith(`${name}.`));
      const fits = String(last.shape) === String(shape) && part(last.name) === part(name);
      if (isBare && fits && !isNeeded) return join(layer);
      const count = layer.inputs ?? sizeOf(last.shape);
      all.push({ ...own, before: { stage: last.name, count }, sources: [] });
      return;
    }
    for (const [i, one] of inner.entries()) add(one, i === 0 && (isNeeded || past !== null));
    if (past === null) return join(layer);
    const made = all.at(-1)!, { first, size, added } = past;
    const sources = [
      { stage: last.name, first, size, to: 0 },
      { stage: made.name, first: 0, size: sizeOf(made.shape), to: added ? 0 : size },
    ];
    all.push({ ...own, before: null, sources });
  };
  for (const layer of layers) add(layer, false);
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
  const name = stage.layers.at(-1);
  if (name === undefined) return await context.input(chosen);
  const layer = context.layers.findIndex((each) => each.name === name);
  try {
    return await context.layerOutputs(chosen, layer);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const isLast = layer === context.layers.length - 1 && context.layers[layer]!.outputs === context.data.columns;
    return isLast ? await context.reconstruct(chosen) : null;
  }
}

/** The weights of a layer between two stages: units of `to` x the first units of `from`. */
export interface LinkAbout {
  readonly from: number;
  readonly to: number;
  /** Units of `from` that have weights: the first ones. */
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
  return stages.flatMap(({ name, kinds, shape, before }, to) => {
    const weight = all.find((parameter) => parameter.name === `${name}.weight`);
    if (before === null || weight === undefined || !LINEAR.includes(kinds[0]!)) return [];
    const inputs = before.count, outputs = sizeOf(shape);
    if (String(weight.shape) !== String([outputs, inputs]) || inputs * outputs > WEIGHTS_MAX) return [];
    // The network has channels first in its weights, as its shapes here.
    return [{ from: stages.findIndex((stage) => stage.name === before.stage), to, inputs, outputs, weight }];
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
