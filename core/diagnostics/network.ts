/** The network at work on one row: what each layer gives, and the strongest weights between units. */
import { z } from "zod";
import { list, nullable, number, object, text } from "../runs/decode.ts";
import { type Chosen, type Diagnostic, type DiagnosticContext, NoAnswer, short } from "./diagnostic.ts";

/** A layer of units, with what it gives for the row. A layer that only bends the values of the one before it is joined to it. */
export interface NetworkStage {
  /** `input`, or the name of the layer: `encoder.0`. */
  readonly name: string;
  readonly kinds: readonly string[];
  /** Of all units, channels first. */
  readonly shape: readonly number[];
  /** Maps of height x width units that are kept; a stage without a shape is one map. */
  readonly maps: number;
  readonly height: number;
  readonly width: number;
  /** Of a shape that is too large, every how manieth unit is kept along height and width. */
  readonly every: readonly [number, number];
  /** The numbers of the units that are kept, where a stage without a shape has more; null where all are. */
  readonly units: readonly number[] | null;
  /** Of the units that are kept, map by map; null where they are not known. */
  readonly values: readonly number[] | null;
}

/** Weights between the units of two stages. */
export interface NetworkConnections {
  readonly from: number;
  readonly to: number;
  readonly total: number;
  /** The strongest, the strongest one first: place among the kept units of `from` and of `to`, and weight. */
  readonly strongest: readonly (readonly number[])[];
}

export interface NetworkDiagnostic {
  readonly epoch: number;
  readonly row: number;
  readonly split: string;
  readonly label: string | null;
  readonly stages: readonly NetworkStage[];
  readonly connections: readonly NetworkConnections[];
}

/** Units of a stage without a shape, maps, and units along each axis of a map that are kept at most. */
const UNITS_MAX = 400, MAPS_MAX = 16, SIDE_MAX = 64, LENGTH_MAX = 256;
/** Layers of more weights than this are not looked at. */
const WEIGHTS_MAX = 100_000_000;

const settings = {
  row: z.int().min(0).nullable().default(null).describe(
    "number of the row, from 0 in the order of the files; null: the first row of the part that is looked at",
  ),
  connections: z.int().min(0).max(2000).default(120).describe("number of strongest weights kept between two layers"),
};

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
    if (!(size(at) > least)) continue;
    kept.push(at);
    if (kept.length >= 2 * most + 64) shrink();
  }
  shrink();
  return kept;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

interface Draft {
  readonly name: string;
  kinds: string[];
  shape: readonly number[];
  values: Float32Array | null;
}

/** What a layer gives for the row; null where that is not known. The last one may have no values but the reconstruction. */
async function outputOf(context: DiagnosticContext, chosen: Chosen, layer: number): Promise<Float32Array | null> {
  try {
    return await context.layerOutputs(chosen, layer);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const isLast = layer === context.layers.length - 1 && context.layers[layer]!.outputs === context.data.columns;
    return isLast ? await context.reconstruct(chosen) : null;
  }
}

/** The input and the layers; a layer without weights that keeps the shape is joined to the one before it. */
async function drafts(context: DiagnosticContext, chosen: Chosen): Promise<Draft[]> {
  const { layers, data: { shape, columns } } = context;
  const trained = context.parameters().map(({ name }) => name);
  const all: Draft[] = [{ name: "input", kinds: [], shape: shape ?? [columns], values: await context.input(chosen) }];
  for (const [i, layer] of layers.entries()) {
    const last = all.at(-1)!, part = layer.name.split(".")[0];
    const values = await outputOf(context, chosen, i);
    const isBare = !trained.some((name) => name.startsWith(`${layer.name}.`));
    if (isBare && String(last.shape) === String(layer.shape) && last.name.split(".")[0] === part) {
      last.kinds.push(layer.kind);
      last.values = values;
    } else all.push({ name: layer.name, kinds: [layer.kind], shape: layer.shape, values });
  }
  // A reconstruction has the shape of a row, also where the layer that gives it knows nothing of it.
  const last = all.at(-1)!;
  if (shape !== null && last.name !== "input" && sizeOf(last.shape) === sizeOf(shape)) last.shape = shape;
  return all;
}

/** The units that are kept of a stage without a shape: those at the ends of connections, then those of the largest values. */
function keptUnits({ shape, values }: Draft, ends: ReadonlySet<number>): number[] | null {
  const total = shape[0]!;
  if (total <= UNITS_MAX) return null;
  const order = values === null ? [] : strongestOf(values, UNITS_MAX);
  const kept = new Set([...ends].slice(0, UNITS_MAX));
  for (const unit of [...order, ...Array.from({ length: UNITS_MAX }, (_, i) => i)]) {
    if (kept.size >= UNITS_MAX) break;
    kept.add(unit);
  }
  return [...kept].sort((a, b) => a - b);
}

function stageOf(draft: Draft, ends: ReadonlySet<number>): NetworkStage {
  const { name, kinds, shape, values } = draft;
  if (shape.length === 1) {
    const units = keptUnits(draft, ends);
    const kept = values && (units ? units.map((unit) => values[unit]!) : Array.from(values));
    const width = units?.length ?? shape[0]!;
    return { name, kinds, shape, maps: 1, height: 1, width, every: [1, 1], units, values: kept && kept.map(short) };
  }
  // Signals are drawn as one map of channels x samples, images as one map a channel.
  const [count, rows, columns] = shape.length === 2 ? [1, shape[0]!, shape[1]!] : [shape[0]!, shape[1]!, shape[2]!];
  const every = [
    Math.ceil(rows / SIDE_MAX),
    Math.ceil(columns / (shape.length === 2 ? LENGTH_MAX : SIDE_MAX)),
  ] as const;
  const maps = Math.min(count, MAPS_MAX);
  const [height, width] = [Math.ceil(rows / every[0]), Math.ceil(columns / every[1])];
  const kept: number[] = [];
  for (let map = 0; values && map < maps; map++) {
    for (let i = 0; i < rows; i += every[0]) {
      for (let j = 0; j < columns; j += every[1]) kept.push(short(values[(map * rows + i) * columns + j]!));
    }
  }
  return { name, kinds, shape, maps, height, width, every, units: null, values: values && kept };
}

/** The place of a unit among those that are kept of a stage; -1 if it is not. */
function placeIn({ shape, maps, height, width, every, units }: NetworkStage, unit: number): number {
  if (units !== null) return units.indexOf(unit);
  if (shape.length === 1) return unit;
  if (every[0] > 1 || every[1] > 1) return -1;
  return unit < maps * height * width ? unit : -1;
}

async function connectionsOf(context: DiagnosticContext, stages: readonly Draft[]) {
  const most = context.settings.connections as number;
  const found: { to: number; inputs: number; at: number[]; weights: Float32Array }[] = [];
  for (const [to, { name, kinds, shape }] of stages.entries()) {
    const before = stages[to - 1];
    const weight = context.parameters().find((parameter) => parameter.name === `${name}.weight`);
    if (before === undefined || weight === undefined || kinds[0] !== "linear" || most === 0) continue;
    const inputs = sizeOf(before.shape), outputs = sizeOf(shape);
    if (String(weight.shape) !== String([outputs, inputs]) || inputs * outputs > WEIGHTS_MAX) continue;
    // The network has channels first in its weights, as its shapes here.
    const weights = await weight.read(0, outputs);
    found.push({ to, inputs, at: strongestOf(weights, most), weights });
  }
  return found;
}

async function run(context: DiagnosticContext): Promise<NetworkDiagnostic | null> {
  const wanted = context.settings.row as number | null;
  const chosen = wanted === null ? context.choose([context.part], 1) : context.rowNumbered(wanted);
  const row = chosen?.rows[0];
  if (!chosen || row === undefined) return null;
  const all = await drafts(context, chosen);
  const found = await connectionsOf(context, all);
  const ends = all.map(() => new Set<number>());
  for (const { to, inputs, at } of found) {
    for (const place of at) {
      ends[to - 1]!.add(place % inputs);
      ends[to]!.add(Math.floor(place / inputs));
    }
  }
  const stages = all.map((draft, i) => stageOf(draft, ends[i]!));
  return {
    epoch: context.epoch,
    row,
    split: context.partsOf(chosen)[0]!,
    label: context.data.labels?.[row] ?? null,
    stages,
    connections: found.map(({ to, inputs, at, weights }) => ({
      from: to - 1,
      to,
      total: weights.length,
      strongest: at.map((place) => [
        placeIn(stages[to - 1]!, place % inputs),
        placeIn(stages[to]!, Math.floor(place / inputs)),
        short(weights[place]!),
      ]).filter(([from, end]) => from! >= 0 && end! >= 0),
    })),
  };
}

const pair = list(number) as unknown as (value: unknown, path: string) => readonly [number, number];

export const network: Diagnostic<NetworkDiagnostic> = {
  name: "network",
  about: "what each layer gives for one row, and the strongest weights between layers",
  cost: "one look at every weight, but for layers of more than 100 million, and one pass of one row for each layer",
  settings,
  automatic: () => true,
  run,
  decode: object<NetworkDiagnostic>({
    epoch: number,
    row: number,
    split: text,
    label: nullable(text),
    stages: list(object<NetworkStage>({
      name: text,
      kinds: list(text),
      shape: list(number),
      maps: number,
      height: number,
      width: number,
      every: pair,
      units: nullable(list(number)),
      values: nullable(list(number)),
    })),
    connections: list(object<NetworkConnections>({
      from: number,
      to: number,
      total: number,
      strongest: list(list(number)),
    })),
  }),
};
