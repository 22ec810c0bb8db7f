/** The network at work on one row: what each layer gives, and the strongest weights between units. */
import { z } from "zod";
import { list, nullable, number, object, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, short } from "./diagnostic.ts";
import {
  type LinkAbout,
  linksOf,
  type StageAbout,
  stagesOf,
  stageValues,
  strongestOf,
  strongestWeights,
  type StrongWeight,
} from "./stages.ts";

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

const settings = {
  row: z.int().min(0).nullable().default(null).describe(
    "number of the row, from 0 in the order of the files; null: the first row of the part that is looked at",
  ),
  connections: z.int().min(0).max(2000).default(120).describe("number of strongest weights kept between two layers"),
};

interface Draft extends StageAbout {
  readonly values: Float32Array | null;
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

async function run(context: DiagnosticContext): Promise<NetworkDiagnostic | null> {
  const wanted = context.settings.row as number | null;
  const chosen = wanted === null ? context.choose([context.part], 1) : context.rowNumbered(wanted);
  const row = chosen?.rows[0];
  if (!chosen || row === undefined) return null;
  const all: Draft[] = [];
  for (const stage of stagesOf(context)) all.push({ ...stage, values: await stageValues(context, chosen, stage) });
  const most = context.settings.connections as number;
  const found: { link: LinkAbout; strongest: StrongWeight[] }[] = [];
  for (const link of most === 0 ? [] : linksOf(context, all)) {
    found.push({ link, strongest: await strongestWeights(link, most) });
  }
  const ends = all.map(() => new Set<number>());
  for (const { link, strongest } of found) {
    for (const { from, to } of strongest) {
      ends[link.from]!.add(from);
      ends[link.to]!.add(to);
    }
  }
  const stages = all.map((draft, i) => stageOf(draft, ends[i]!));
  return {
    epoch: context.epoch,
    row,
    split: context.partsOf(chosen)[0]!,
    label: context.data.labels?.[row] ?? null,
    stages,
    connections: found.map(({ link, strongest }) => ({
      from: link.from,
      to: link.to,
      total: link.inputs * link.outputs,
      strongest: strongest.map(({ from, to, weight }) => [
        placeIn(stages[link.from]!, from),
        placeIn(stages[link.to]!, to),
        short(weight),
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
