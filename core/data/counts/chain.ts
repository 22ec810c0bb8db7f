/** Steps that are ready, one behind the other, on blocks of rows. */
import type { Block } from "../readers/reader.ts";
import type { Action, CountStep, Rows } from "./step.ts";

/** A step with what it does. */
export interface Applied {
  readonly step: CountStep;
  readonly action: Action;
  /** Columns after it. */
  readonly columns: number;
  /** For a choice of columns, the new number of each column, -1 of one that is left out. */
  readonly numbers: Int32Array | null;
}

export function applied(step: CountStep, settings: unknown, fitted: unknown, columns: number): Applied {
  const action = step.action(settings, fitted, columns);
  if (action.does !== "choose columns") return { step, action, columns, numbers: null };
  const numbers = new Int32Array(columns).fill(-1);
  action.columns.forEach((column, at) => numbers[column] = at);
  return { step, action, columns: action.columns.length, numbers };
}

/** What steps make of a block. */
export interface Chained {
  readonly block: Block;
  /** The numbers in the block of the rows that are left; null where all are. */
  readonly kept: Uint32Array | null;
}

export function chain(actions: readonly Applied[], block: Rows): Chained {
  let now = block;
  let kept = null as Uint32Array | null;
  for (const { action, numbers } of actions) {
    switch (action.does) {
      case "choose rows": {
        const rows = action.rows(now);
        if (rows.length === now.rows) break;
        const before: Uint32Array | null = kept;
        kept = before === null ? rows : rows.map((row) => before[row]!);
        now = someRows(now, rows);
        break;
      }
      case "choose columns":
        now = renumbered(now, numbers!);
        break;
      case "change values":
        now = { ...now, data: action.values(now) };
        break;
      case "make dense":
        return { block: { rows: now.rows, values: action.values(now) }, kept };
    }
  }
  return { block: now, kept };
}

function someRows({ indptr, indices, data }: Rows, rows: Uint32Array): Rows {
  const starts = new Float64Array(rows.length + 1);
  rows.forEach((row, at) => starts[at + 1] = starts[at]! + indptr[row + 1]! - indptr[row]!);
  const columns = new Uint32Array(starts.at(-1)!), values = new Float32Array(starts.at(-1)!);
  rows.forEach((row, at) => {
    columns.set(indices.subarray(indptr[row]!, indptr[row + 1]!), starts[at]!);
    values.set(data.subarray(indptr[row]!, indptr[row + 1]!), starts[at]!);
  });
  return { rows: rows.length, indptr: starts, indices: columns, data: values };
}

/** The entries whose columns have a new number. @param numbers rise, apart from -1 */
function renumbered({ rows, indptr, indices, data }: Rows, numbers: Int32Array): Rows {
  const starts = new Float64Array(rows + 1);
  const columns = new Uint32Array(indices.length), values = new Float32Array(indices.length);
  let end = 0;
  for (let row = 0; row < rows; row++) {
    for (let at = indptr[row]!; at < indptr[row + 1]!; at++) {
      const column = numbers[indices[at]!]!;
      if (column < 0) continue;
      columns[end] = column;
      values[end++] = data[at]!;
    }
    starts[row + 1] = end;
  }
  return { rows, indptr: starts, indices: columns.slice(0, end), data: values.slice(0, end) };
}
