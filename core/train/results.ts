/** What a trained run says of rows, as plain arrays: the library's `embed`, `reconstruct` and `evaluate`. */
import type { MemoryData } from "../data/memory.ts";
import { dataError } from "../data/source.ts";
import { UserError } from "../errors.ts";
import type { SplitMetrics } from "../runs/types.ts";
import type { RowChoice } from "../diagnostics/rows.ts";
import { type ColumnSums, evaluatePart, type Evaluation, metricsOf } from "./evaluate.ts";
import {
  checkColumns,
  latentRows,
  reconstructedRows,
  type Restored,
  restoreRun,
  rowsOf,
  splitParts,
} from "./restore.ts";

export interface ResultOptions {
  /** Other rows than the run's own: arrays in memory, or a file, folder or glob. */
  readonly data?: MemoryData | string;
  /** train, validation, test or all; by default all. With `data`, a part as the run's split would make it of them. */
  readonly split?: string;
  /** "best", "latest" or a checkpoint folder; by default best where it was kept, else latest. */
  readonly checkpoint?: string;
  readonly note?: (text: string) => void;
}

/** A matrix, row by row, and which rows these are. */
export interface RowMatrix {
  /** rows x columns values. */
  readonly values: Float32Array<ArrayBuffer>;
  readonly rows: number;
  readonly columns: number;
  /** Of each row its number through all rows of the data, from 0. */
  readonly rowNumbers: readonly number[];
  /** Of each row its name, where the data were given with names. */
  readonly rowNames: readonly string[] | null;
}

async function withDataErrors<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw dataError(error);
  }
}

/** Calls `use` with the run: an open one as it is, that of a folder for the time of the call. */
async function withRun<T>(
  run: string | Restored,
  options: ResultOptions,
  use: (restored: Restored, split: string) => Promise<T>,
): Promise<T> {
  const { split, ...others } = options;
  if (typeof run === "string") {
    using restored = await restoreRun(run, { ...others, split: split === undefined ? "none" : "run" });
    return await withDataErrors(use(restored, split ?? "all"));
  }
  const unread = (["data", "checkpoint"] as const).find((key) => options[key] !== undefined);
  if (unread !== undefined) {
    throw new UserError(unread, "the run is open already", `give ${unread} to restoreRun, or the run's folder here`);
  }
  return await withDataErrors(use(run, split ?? "all"));
}

async function collect(
  { source }: Restored,
  choice: RowChoice,
  columns: number,
  parts: AsyncGenerator<Float32Array>,
): Promise<RowMatrix> {
  const rows = choice.rows.length;
  let values: Float32Array<ArrayBuffer>;
  try {
    values = new Float32Array(rows * columns);
  } catch {
    const what = `${rows} x ${columns} values do not fit into memory`;
    throw new UserError("", what, "embedTo and reconstructTo write them to a file", 1);
  }
  let at = 0;
  for await (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  const names = source.rowNames;
  return { values, rows, columns, rowNumbers: choice.rows, rowNames: names && choice.rows.map((row) => names[row]!) };
}

/**
 * Latent vectors, one a row, in the order of the rows.
 * @param run a run folder, or an open run of {@linkcode restoreRun}
 * @throws {UserError}
 */
export function embed(run: string | Restored, options: ResultOptions = {}): Promise<RowMatrix> {
  return withRun(run, options, async (restored, split) => {
    const choice = rowsOf(restored, split);
    return await collect(restored, choice, restored.model.latentSize, latentRows(restored, choice));
  });
}

/**
 * Reconstructions in the scale of the transformed data, one row a row.
 * @param options.columns which columns, counted from 0; all by default
 * @throws {UserError}
 */
export function reconstruct(
  run: string | Restored,
  { columns, ...options }: ResultOptions & { readonly columns?: ArrayLike<number> } = {},
): Promise<RowMatrix> {
  return withRun(run, options, async (restored, split) => {
    const wrong = columns && Array.from(columns).find((column) => !Number.isInteger(column) || column < 0);
    if (wrong !== undefined) throw new UserError("columns", `must be whole numbers from 0, got ${wrong}`, "[0, 7, 42]");
    const chosen = columns ? Uint32Array.from(columns) : null;
    checkColumns(restored, chosen, "columns");
    const choice = rowsOf(restored, split);
    const width = chosen?.length ?? restored.source.columns;
    return await collect(restored, choice, width, reconstructedRows(restored, choice, chosen));
  });
}

/** Adds the sums of some more rows to those of the rows before. */
function added(all: Evaluation, more: Evaluation): Evaluation {
  const rows = all.rows + more.rows;
  const sums = (key: keyof ColumnSums) => all.columns![key].map((value, column) => value + more.columns![key][column]!);
  return {
    rows,
    nnz: all.nnz + more.nnz,
    loss: (all.loss * all.rows + more.loss * more.rows) / rows,
    sse: all.sse + more.sse,
    columns: { sse: sums("sse"), sum: sums("sum"), sumsq: sums("sumsq") },
    sampledFrom: null,
  };
}

/**
 * Loss, MSE and R2 over the rows of a split together.
 * @param run a run folder, or an open run of {@linkcode restoreRun}
 * @throws {UserError}
 */
export function evaluate(run: string | Restored, options: ResultOptions = {}): Promise<SplitMetrics> {
  return withRun(run, options, async (restored, split) => {
    rowsOf(restored, split); // a split without rows is refused
    const { model, source, config } = restored;
    let sums: Evaluation | null = null;
    const parts = splitParts(split);
    // Figures of several parts together are of all their rows: a sample of one would weigh too little.
    const whole = { max_rows: null, validation_max_rows: null, test_max_rows: null };
    for (const part of parts) {
      if (source.partRows[part] === 0) continue;
      const bounds = parts.length > 1 ? whole : config.evaluation;
      const evaluation = await evaluatePart(model, source, part, { ...config, evaluation: bounds }, { byColumn: true });
      sums = sums ? added(sums, evaluation) : evaluation;
    }
    return metricsOf({ ...sums!, columns: sums!.columns! })!;
  });
}
