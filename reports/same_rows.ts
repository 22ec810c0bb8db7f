/** Rows that several runs have reconstructed, as the diagnostic `rows` keeps them. */
import { rows as rowsOf, type RowsDiagnostic, type ShownRow } from "../core/diagnostics/rows.ts";
import { DecodeError } from "../core/runs/decode.ts";
import type { RunData } from "../core/runs/types.ts";
import { count, error } from "./format.ts";
import type { Content } from "./html.ts";
import type { Numbering } from "./numbering.ts";
import { tagMark } from "./tags.ts";

export interface Shown {
  /** The run's place among all runs. */
  readonly index: number;
  readonly data: RowsDiagnostic;
  readonly rows: ReadonlyMap<number, SameRow>;
}

export interface SameRow extends ShownRow {
  /** What the values are of; null where they are all values of a row with a shape. */
  readonly columns: readonly string[] | null;
}

export function shownOf(run: RunData, index: number): Shown | null {
  if (run.diagnostics.rows === undefined) return null;
  let data: RowsDiagnostic;
  try {
    data = rowsOf.decode(run.diagnostics.rows, "");
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
  const byNumber = new Map<number, SameRow>();
  for (const row of keptRows(data)) if (!byNumber.has(row.row)) byNumber.set(row.row, row);
  return byNumber.size === 0 ? null : { index, data, rows: byNumber };
}

/** Rows that are kept for comparisons come first: the worst and the best ones are others in each run. */
function keptRows({ shape, same = [], same_columns = [], examples }: RowsDiagnostic): SameRow[] {
  const size = shape?.reduce((product, n) => product * n, 1);
  const all = shape
    ? [...same, ...examples].map((row) => ({ ...row, columns: null }))
    : same.map((row, i) => ({ ...row, columns: same_columns[i] ?? [] }));
  return all.filter(({ columns, truth, reconstruction }) => {
    const wanted = columns?.length ?? size;
    return wanted !== 0 && truth.length === wanted && reconstruction.length === wanted;
  });
}

/** The same with those columns of each row alone that all runs have of it, in the order of the first run. */
export function aligned(all: readonly Shown[]): Shown[] {
  const [first] = all;
  return all.map((shown) => ({
    ...shown,
    rows: new Map([...shown.rows].flatMap(([number, row]): [number, SameRow][] => {
      if (row.columns === null) return [[number, row]];
      const others = all.map(({ rows }) => new Set(rows.get(number)?.columns));
      const names = (first!.rows.get(number)?.columns ?? []).filter((name) => others.every((each) => each.has(name)));
      const places = names.map((name) => row.columns!.indexOf(name));
      const take = (values: readonly number[]) => places.map((place) => values[place]!);
      const { truth, reconstruction } = row;
      return names.length === 0
        ? []
        : [[number, { ...row, columns: names, truth: take(truth), reconstruction: take(reconstruction) }]];
    })),
  }));
}

/** The rows that all of these runs have with the same values, as many as are drawn. */
export function commonRows([first, ...others]: readonly Shown[], most: number): number[] {
  const found: number[] = [];
  for (const [row, { truth }] of first!.rows) {
    if (found.length >= most) break;
    const isSame = others.every(({ rows }) => rows.get(row)?.truth.every((value, i) => value === truth[i]) ?? false);
    if (isSame) found.push(row);
  }
  return found;
}

export const nameOf = ({ row, label }: ShownRow) => `row ${count(row)}${label ? ` (${label})` : ""}`;

/** The errors of the rows that are drawn. */
export function errorsOf(all: readonly Shown[], numbers: readonly number[], numbering: Numbering): Content {
  return numbering.numbers([[
    {
      head: ["row", ...all.map(({ index }) => tagMark(index))],
      rows: numbers.map((number) => [
        nameOf(all[0]!.rows.get(number)!),
        ...all.map(({ rows }) => error(rows.get(number)!.mse)),
      ]),
      numeric: all.map((_, i) => i + 1),
    },
    "Mean squared errors of these rows.",
  ]]);
}
