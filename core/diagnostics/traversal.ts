/** What single latent units do: each is moved over its range in the data, the others at their medians, and decoded. */
import { z } from "zod";
import { list, nullable, number, object, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, shape, short } from "./diagnostic.ts";
import { type Picture, pictureRows } from "./drawing.ts";
import { largestOf, quantileOf } from "./numbers.ts";

export interface TraversedUnit {
  /** From 0. */
  readonly unit: number;
  /** Of the unit over the rows. */
  readonly deviation: number;
  /** Mean over columns of the squared distance between the two ends. */
  readonly change: number;
  /** The values to which it is set, rising. */
  readonly values: readonly number[];
  /** Columns of `decoded` where rows have no shape: those that change most. */
  readonly columns: readonly string[] | null;
  /** Reconstructions, one for each value. */
  readonly decoded: readonly (readonly number[])[];
}

export interface TraversalDiagnostic {
  readonly epoch: number;
  /** Rows of the part by which the ranges were found. */
  readonly split: string;
  readonly rows: number;
  readonly latent_size: number;
  readonly shape: readonly number[] | null;
  readonly rate_hz: number | null;
  /** Those that change the reconstruction most, of the `units` with the largest deviation. */
  readonly units: readonly TraversedUnit[];
}

/** Ends of the range, as shares of the rows, so that no single row stretches it. */
const LOW = 0.02, HIGH = 0.98;
/** Numbers in the file, and values decoded at once. */
const KEPT_MAX = 200_000, DECODED_MAX = 1 << 24;

const settings = {
  units: z.int().min(1).max(256).default(8).describe("number of latent units that are moved, those that vary most"),
  steps: z.int().min(2).max(25).default(7).describe("number of values of each, from the 2nd to the 98th percentile"),
  columns: z.int().min(1).max(100).default(10).describe(
    "number of columns of each that are shown, of rows without a shape",
  ),
};

async function run(context: DiagnosticContext): Promise<TraversalDiagnostic | null> {
  const { latentSize, part, data: { columns, shape, rate_hz, names } } = context;
  const wanted = context.settings as { units: number; steps: number; columns: number };
  const chosen = context.choose([part], context.maxRows), rows = chosen.rows.length;
  const codes = await context.embed(chosen);
  const sorted = Array.from({ length: latentSize }, (_, k) => {
    return Float64Array.from({ length: rows }, (_, i) => codes[i * latentSize + k]!).sort();
  });
  const medians = sorted.map((values) => quantileOf(values, 0.5));
  const deviations = sorted.map((values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / rows;
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows);
  });
  const kept = shape ? Math.floor(KEPT_MAX / (columns * wanted.steps)) : Infinity;
  const most = Math.max(1, Math.min(wanted.units, kept, Math.floor(DECODED_MAX / columns)));
  const chosenUnits = deviations.map((_, k) => k).filter((k) => deviations[k]! > 0)
    .sort((a, b) => deviations[b]! - deviations[a]! || a - b).slice(0, most);
  const units: TraversedUnit[] = [];
  for (const unit of chosenUnits) {
    const [low, high] = [quantileOf(sorted[unit]!, LOW), quantileOf(sorted[unit]!, HIGH)];
    const values = Array.from({ length: wanted.steps }, (_, s) => low + (high - low) * s / (wanted.steps - 1));
    const latent = new Float32Array(values.length * latentSize);
    for (const [s, value] of values.entries()) {
      latent.set(medians, s * latentSize);
      latent[s * latentSize + unit] = value;
    }
    units.push({
      unit,
      deviation: short(deviations[unit]!),
      ...await decoded(context, latent, values, wanted.columns),
    });
  }
  units.sort((a, b) => b.change - a.change || a.unit - b.unit);
  return { epoch: context.epoch, split: part, rows, latent_size: latentSize, shape, rate_hz, units };

  async function decoded(
    { decode }: DiagnosticContext,
    latent: Float32Array<ArrayBuffer>,
    values: readonly number[],
    count: number,
  ): Promise<Omit<TraversedUnit, "unit" | "deviation">> {
    const all = await decode(latent);
    const at = (s: number) => all.subarray(s * columns, (s + 1) * columns);
    const first = at(0), last = at(values.length - 1);
    const moved = new Float32Array(columns);
    let squares = 0;
    for (let j = 0; j < columns; j++) {
      const size = moved[j] = Math.fround(Math.abs(last[j]! - first[j]!));
      squares += size * size;
    }
    const change = squares / columns;
    const places = shape ? null : largestOf(moved, count);
    return {
      change: short(change),
      values: values.map(short),
      columns: places && places.map((j) => names?.[j] ?? `column ${j}`),
      decoded: values.map((_, s) => places ? places.map((j) => short(at(s)[j]!)) : Array.from(at(s), short)),
    };
  }
}

export const traversal: Diagnostic<TraversalDiagnostic> = {
  name: "traversal",
  about: "what single latent units do: each moved over its range in the data, the others at their medians, and decoded",
  cost: "one pass of the encoder over at most diagnostics.max_rows rows, and units x steps passes of the decoder",
  settings,
  automatic: () => true,
  run,
  decode: object<TraversalDiagnostic>({
    epoch: number,
    split: text,
    rows: number,
    latent_size: number,
    shape: nullable(shape),
    rate_hz: nullable(number),
    units: list(object<TraversedUnit>({
      unit: number,
      deviation: number,
      change: number,
      values: list(number),
      columns: nullable(list(text)),
      decoded: list(list(number)),
    })),
  }),
  picture: ({ shape, units }): Picture | null => shape && pictureRows(shape, units.map(({ decoded }) => decoded)),
};
