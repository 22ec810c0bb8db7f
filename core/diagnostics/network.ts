/**
 * The network at work on one row: what each layer gives, the strongest weights between its units, and the filters of the first
 * layer.
 */
import { z } from "zod";
import { list, nullable, number, object, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, type LayerOutput, short, type Weights } from "./diagnostic.ts";

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

/** Filters of the first layer: what each unit looks for in a row. */
export interface NetworkFilters {
  readonly name: string;
  readonly total: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** One list a filter: channels x height x width; those of the largest norm first. */
  readonly filters: readonly (readonly number[])[];
}

export interface NetworkDiagnostic {
  readonly epoch: number;
  readonly row: number;
  readonly split: string;
  readonly label: string | null;
  readonly stages: readonly NetworkStage[];
  readonly connections: readonly NetworkConnections[];
  readonly filters: NetworkFilters | null;
}

/** Units of a stage without a shape, maps, and units along each axis of a map that are kept at most. */
const UNITS_MAX = 400, MAPS_MAX = 16, SIDE_MAX = 64, LENGTH_MAX = 256;
const FILTERS_MAX = 64, FILTER_VALUES_MAX = 4096;

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

/** Layers joined to stages. */
function drafts(input: Float32Array, shape: readonly number[] | null, outputs: readonly LayerOutput[]): Draft[] {
  const all: Draft[] = [{ name: "input", kinds: [], shape: shape ?? [input.length], values: input }];
  for (const layer of outputs) {
    const last = all.at(-1)!;
    const same = String(last.shape) === String(layer.shape) && layer.parameters === 0 && last.name !== "input" &&
      last.name.split(".")[0] === layer.name.split(".")[0];
    if (same) {
      last.kinds.push(layer.kind);
      last.values = layer.values;
    } else all.push({ name: layer.name, kinds: [layer.kind], shape: layer.shape, values: layer.values });
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
  const found: { to: number; total: number; inputs: number; at: number[]; weights: Weights }[] = [];
  for (const [to, { name, kinds, shape }] of stages.entries()) {
    const before = stages[to - 1];
    if (before === undefined || kinds[0] !== "linear" || most === 0) continue;
    const weights = await context.weights(`${name}.weight`);
    const inputs = sizeOf(before.shape);
    if (weights?.shape.length !== 2 || weights.shape[1] !== inputs || weights.shape[0] !== sizeOf(shape)) continue;
    // The network has channels first in its weights, as its shapes here.
    found.push({ to, total: weights.values.length, inputs, at: strongestOf(weights.values, most), weights });
  }
  return found;
}

/** The filters of a first layer that is a convolution, or a linear one on rows that have a shape. */
async function filtersOf(context: DiagnosticContext, outputs: readonly LayerOutput[]): Promise<NetworkFilters | null> {
  const first = outputs.find((layer) => layer.parameters > 0);
  const { shape } = context.data;
  if (first === undefined || shape === null || shape.length < 2) return null;
  const weights = await context.weights(`${first.name}.weight`);
  if (weights === null) return null;
  const isConvolution = weights.shape.length > 2 && first.kind.startsWith("conv") && !first.kind.includes("transpose");
  const size = sizeOf(shape);
  const isLinear = weights.shape.length === 2 && weights.shape[1] === size && first.kind === "linear";
  if (!isConvolution && !isLinear) return null;
  const own = isLinear ? shape : weights.shape.slice(1);
  const [channels, height, width] = own.length === 2 ? [own[0]!, 1, own[1]!] : [own[0]!, own[1]!, own[2]!];
  const values = channels * height * width, total = weights.shape[0]!;
  if (values > FILTER_VALUES_MAX) return null;
  const rows = Array.from({ length: total }, (_, i) => weights.values.subarray(i * values, (i + 1) * values));
  const norm = rows.map((filter) => filter.reduce((sum, weight) => sum + weight * weight, 0));
  const order = [...rows.keys()].sort((a, b) => norm[b]! - norm[a]! || a - b).slice(0, FILTERS_MAX);
  const filters = order.map((i) => Array.from(rows[i]!, short));
  return { name: first.name, total, channels, height, width, filters };
}

async function run(context: DiagnosticContext): Promise<NetworkDiagnostic | null> {
  const wanted = context.settings.row as number | null;
  const chosen = wanted === null ? context.choose([context.part], 1) : context.rowNumbered(wanted);
  const row = chosen?.rows[0];
  if (!chosen || row === undefined) return null;
  const { input, outputs } = await context.atWork(chosen);
  const all = drafts(input, context.data.shape, outputs);
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
    connections: found.map(({ to, total, inputs, at, weights }) => ({
      from: to - 1,
      to,
      total,
      strongest: at.map((place) => [
        placeIn(stages[to - 1]!, place % inputs),
        placeIn(stages[to]!, Math.floor(place / inputs)),
        short(weights.values[place]!),
      ]).filter(([from, end]) => from! >= 0 && end! >= 0),
    })),
    filters: await filtersOf(context, outputs),
  };
}

const pair = list(number) as unknown as (value: unknown, path: string) => readonly [number, number];

export const network: Diagnostic<NetworkDiagnostic> = {
  name: "network",
  about: "what each layer gives for one row, the strongest weights between layers, and the filters of the first layer",
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
    filters: nullable(object<NetworkFilters>({
      name: text,
      total: number,
      channels: number,
      height: number,
      width: number,
      filters: list(list(number)),
    })),
  }),
};
