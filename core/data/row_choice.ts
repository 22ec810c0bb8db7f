/** Some rows of the data, as a pass over them in order, and the stored values of some of their columns. */
import { type Part, PARTS, type Source } from "./source.ts";
import { holds } from "./sorted.ts";
import { feed } from "./feed.ts";
import type { Window } from "./plan.ts";
import type { DataConfig } from "../config/types.ts";

export interface RowChoice {
  /** By file index, rows of that chunk. */
  readonly byFile: ReadonlyMap<number, Uint32Array<ArrayBuffer>>;
  /** Global row numbers, rising. */
  readonly rows: readonly number[];
  readonly plan: readonly Window[];
}

/** At most `most` rows of some parts, evenly spread, in file order. */
export function chooseRows(source: Source, parts: readonly Part[], data: DataConfig, most: number): RowChoice {
  const total = parts.reduce((sum, part) => sum + source.partRows[part], 0);
  const wanted = Math.min(most, total);
  const byFile = new Map<number, Uint32Array<ArrayBuffer>>();
  let seen = 0;
  for (const file of source.files) {
    const all = Uint32Array.from(parts.flatMap((part) => [...file.parts[part]])).sort();
    // Row k of `total` is taken when it is the first to reach the next of `wanted` even steps.
    const chosen = all.filter((_, i) => {
      const k = seen + i;
      return Math.floor((k + 1) * wanted / total) > Math.floor(k * wanted / total);
    });
    seen += all.length;
    if (chosen.length > 0) byFile.set(file.index, chosen);
  }
  return chosenOf(source, byFile, data);
}

/** Those rows of the files. @param byFile rising, by the index of the file */
export function chosenOf(source: Source, byFile: RowChoice["byFile"], data: DataConfig): RowChoice {
  const rows: number[] = [];
  const plan: Window[] = [];
  for (const file of source.files) {
    const chosen = byFile.get(file.index);
    if (chosen === undefined) continue;
    for (const row of chosen) rows.push(file.firstRow + row);
    const batches = Math.ceil(chosen.length / data.batch_size);
    plan.push({ index: plan.length, files: [file], rows: chosen.length, batches });
  }
  return { byFile, rows, plan };
}

/** A pass over the chosen rows in order, as batch creators. */
export function feedRows(choice: RowChoice, data: DataConfig) {
  return feed(choice.plan, { data, epoch: 0, part: "train", training: false, rows: choice.byFile });
}

/** All rows of a part, in file order. */
export function allRows(source: Source, parts: readonly Part[], data: DataConfig): RowChoice {
  return chooseRows(source, parts, data, Infinity);
}

/** The transformed values (the targets), zeros included, of all or some columns: rows x columns, in the choice's row order. */
export async function rowValues(
  choice: RowChoice,
  data: DataConfig,
  width: number,
  columns?: readonly number[],
): Promise<Float32Array> {
  // The place of each column among those wanted, and -1 for the others.
  const slot = columns && new Int32Array(width).fill(-1);
  columns?.forEach((column, index) => slot![column] = index);
  const across = columns?.length ?? width;
  const values = new Float32Array(choice.rows.length * across);
  let row = 0;
  for await (const { batches } of feedRows(choice, data)) {
    for await (const batch of batches) {
      const { rowPtr, columns: stored, target } = batch;
      for (let i = 0; i < batch.rows; i++, row++) {
        for (let at = rowPtr[i]!; at < rowPtr[i + 1]!; at++) {
          const index = slot ? slot[stored[at]!]! : stored[at]!;
          if (index >= 0) values[row * across + index] = target[at]!;
        }
      }
    }
  }
  return values;
}

/** Rows by their numbers in file order, which rise, whatever their parts. */
export function chooseNumbered(source: Source, data: DataConfig, rows: readonly number[]): RowChoice {
  const byFile = new Map<number, Uint32Array<ArrayBuffer>>();
  for (const { index, firstRow, info } of source.files) {
    const own = rows.filter((row) => row >= firstRow && row < firstRow + info.rows);
    if (own.length > 0) byFile.set(index, Uint32Array.from(own, (row) => row - firstRow));
  }
  return chosenOf(source, byFile, data);
}

/** One row by its number in file order; null if no part has it. */
export function chooseRow(source: Source, data: DataConfig, row: number): RowChoice | null {
  const file = source.files.findLast(({ firstRow }) => row >= firstRow);
  if (file === undefined) return null;
  const within = row - file.firstRow;
  if (!PARTS.some((part) => holds(file.parts[part], within))) return null;
  const plan = [{ index: 0, files: [file], rows: 1, batches: Math.ceil(1 / data.batch_size) }];
  return { byFile: new Map([[file.index, Uint32Array.of(within)]]), rows: [row], plan };
}

/** What the network gets of the first of some rows: its values after the transforms and those of the input. */
export async function inputOf(choice: RowChoice, data: DataConfig, width: number): Promise<Float32Array<ArrayBuffer>> {
  const values = new Float32Array(width);
  for await (const { batches } of feedRows(choice, data)) {
    for await (const batch of batches) {
      for (let at = batch.rowPtr[0]!; at < batch.rowPtr[1]!; at++) values[batch.columns[at]!] = batch.input[at]!;
      return values;
    }
  }
  return values;
}
