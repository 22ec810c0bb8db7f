/** The rows that are reconstructed worst, in the middle and best, and the distribution of the errors of all rows. */
import { z } from "zod";
import { list, maybe, nullable, number, object, oneOf, text } from "../runs/decode.ts";
import { type Diagnostic, type DiagnosticContext, type PartSums, shape, short } from "./diagnostic.ts";
import { type Picture, pictureRows } from "./drawing.ts";
import { binned, type Bins, largestOf, magnitudes, quantileOf } from "./numbers.ts";

export const RANKS = ["worst", "median", "best"] as const;

/** A row and its reconstruction. */
export interface ShownRow {
  readonly row: number;
  readonly label: string | null;
  readonly mse: number;
  /** Of `columns`, or of all columns of a row that has a shape. */
  readonly truth: readonly number[];
  readonly reconstruction: readonly number[];
}

export interface RowExample extends ShownRow {
  readonly rank: typeof RANKS[number];
}

export interface RowsDiagnostic {
  readonly epoch: number;
  readonly split: string;
  readonly rows: number;
  /** Channels first; null where rows have no shape. */
  readonly shape: readonly number[] | null;
  readonly rate_hz: number | null;
  /** Mean squared errors of the rows. */
  readonly errors: Bins;
  readonly median: number;
  /** Columns of the examples where rows have no shape: those of the largest values of each, so each example has its own. */
  readonly columns: readonly (readonly string[])[] | null;
  readonly examples: readonly RowExample[];
  /** Rows that are the same in all runs of the same data and split: evenly spread ones. */
  readonly same?: readonly ShownRow[];
  /** Columns of each of them where rows have no shape: chosen without a look at reconstructions, so that they are the same too. */
  readonly same_columns?: readonly (readonly string[])[];
}

/** Values of truth that are held at once. */
const VALUES_MAX = 1 << 22;
/** Columns of an example of rows without a shape, and those of them at least that are chosen by how far they are from their means. */
const COLUMNS = 24, APART = 8;
/** Rows that are kept for comparisons with other runs, and values of them together, at most. */
const SAME = 4, SAME_VALUES_MAX = 1 << 18;

const settings = {
  rows: z.int().min(1).max(20).default(3).describe("number of rows each that are shown as the worst, median and best"),
};

/** Numbers of the worst, median and best of some errors, `count` of each as far as there are so many, none twice. */
export function ranked(errors: Float64Array, count: number): { rank: RowExample["rank"]; at: number }[] {
  const order = Array.from(errors.keys()).sort((a, b) => errors[b]! - errors[a]! || a - b);
  const each = Math.max(1, Math.min(count, Math.floor(order.length / 3)));
  const middle = Math.max(0, Math.floor((order.length - each) / 2));
  const slices = [order.slice(0, each), order.slice(middle, middle + each), order.slice(-each).reverse()];
  const seen = new Set<number>();
  return RANKS.flatMap((rank, i) => slices[i]!.map((at) => ({ rank, at })))
    .filter(({ at }) => !seen.has(at) && seen.add(at));
}

async function run(context: DiagnosticContext): Promise<RowsDiagnostic | null> {
  const { part, data: { columns, shape, rate_hz, labels, names } } = context;
  const most = Math.max(1, Math.min(context.maxRows, Math.floor(VALUES_MAX / columns)));
  const chosen = context.choose([part], most);
  const truth = await context.values(chosen), rebuilt = await context.reconstruct(chosen);
  const errors = new Float64Array(chosen.rows.length);
  for (let i = 0, at = 0; i < errors.length; i++) {
    let sum = 0;
    for (const end = at + columns; at < end; at++) {
      const error = truth[at]! - rebuilt[at]!;
      sum += error * error;
    }
    errors[i] = sum / columns;
  }
  const picked = ranked(errors, context.settings.rows as number);
  const rowAt = (at: number, choose: typeof largest, named: string[][]): ShownRow => {
    const own = truth.subarray(at * columns, (at + 1) * columns);
    const other = rebuilt.subarray(at * columns, (at + 1) * columns);
    const places = shape ? null : choose(own, other, COLUMNS);
    if (places) named.push(places.map((j) => names?.[j] ?? `column ${j}`));
    const take = (values: Float32Array) => places ? places.map((j) => short(values[j]!)) : Array.from(values, short);
    const row = chosen.rows[at]!;
    return {
      row,
      label: labels?.[row] ?? null,
      mse: short(errors[at]!),
      truth: take(own),
      reconstruction: take(other),
    };
  };
  const shown: string[][] = [], sameShown: string[][] = [];
  const examples = picked.map(({ rank, at }) => ({ rank, ...rowAt(at, largest, shown) }));
  const kept = Math.min(SAME, errors.length, shape ? Math.floor(SAME_VALUES_MAX / columns) : SAME);
  const same = Array.from(
    { length: kept },
    (_, i) => rowAt(Math.floor((i + 0.5) * errors.length / kept), characteristic(context.sums), sameShown),
  );
  return {
    ...{ epoch: context.epoch, split: part, rows: errors.length, shape, rate_hz },
    errors: binned(errors),
    median: short(quantileOf(errors.slice().sort(), 0.5)),
    columns: shape ? null : shown,
    examples,
    ...kept > 0 ? { same } : {},
    ...kept > 0 && !shape ? { same_columns: sameShown } : {},
  };
}

/** The places of the largest values of a row and its reconstruction, half of each, the largest truth first. */
function largest(truth: Float32Array, rebuilt: Float32Array, count: number): number[] {
  const by = (values: Float32Array) => largestOf(magnitudes(values), count);
  const places = new Set(by(truth).slice(0, count / 2));
  for (const j of by(rebuilt)) if (places.size < count) places.add(j);
  return [...places].sort((a, b) => truth[b]! - truth[a]! || a - b);
}

/**
 * The places of the largest values of a row, and of those that are furthest from the means of their columns, such as zeros where
 * most rows have something; the largest truth first.
 */
export function characteristic({ rows, sum }: Pick<PartSums, "rows" | "sum">) {
  return (truth: Float32Array, _rebuilt: Float32Array, count: number): number[] => {
    const places = new Set(largestOf(magnitudes(truth), count - APART));
    // Means of 32 bits, so that the last bits of sums, which depend on the size of batches, choose nothing.
    const apart = new Float32Array(truth.length);
    for (let j = 0; j < apart.length; j++) apart[j] = Math.abs(truth[j]! - Math.fround(sum[j]! / rows));
    for (const j of largestOf(apart, count)) if (places.size < count) places.add(j);
    return [...places].sort((a, b) => truth[b]! - truth[a]! || a - b);
  };
}

const shownRow = { row: number, label: nullable(text), mse: number, truth: list(number), reconstruction: list(number) };

export const rows: Diagnostic<RowsDiagnostic> = {
  name: "rows",
  about: "the rows reconstructed worst, in the middle and best, with their errors, and the distribution of all errors",
  cost: `one pass of the network over at most diagnostics.max_rows rows, and ${VALUES_MAX} values`,
  settings,
  automatic: () => true,
  run,
  decode: object<RowsDiagnostic>({
    epoch: number,
    split: text,
    rows: number,
    shape: nullable(shape),
    rate_hz: nullable(number),
    errors: object<Bins>({ min: number, max: number, counts: list(number) }),
    median: number,
    columns: nullable(list(list(text))),
    examples: list(object<RowExample>({ rank: oneOf(...RANKS), ...shownRow })),
    same: maybe(list(object<ShownRow>(shownRow))),
    same_columns: maybe(list(list(text))),
  }),
  picture: ({ shape, examples }): Picture | null =>
    shape === null ? null : pictureRows(shape, examples.map(({ truth, reconstruction }) => [truth, reconstruction])),
};
