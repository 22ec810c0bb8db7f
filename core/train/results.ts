/** The library's `embed`, `reconstruct` and `evaluate`: results of a trained run as plain arrays. */
import type { MemoryData } from "../data/memory.ts";
import { dataError } from "../data/source.ts";
import { UserError } from "../errors.ts";
import type { SplitMetrics } from "../runs/types.ts";
import type { RowChoice } from "../data/row_choice.ts";
import {
  type ColumnSums,
  evaluatePart,
  type Evaluation,
  type LikelihoodSums,
  metricsOf,
} from "../evaluation/evaluate.ts";
import {
  checkColumns,
  latentRows,
  reconstructedRows,
  requireAllCategories,
  type Restored,
  restoreRun,
  rowsOf,
  splitParts,
} from "./restore.ts";

export interface ResultOptions {
  /** Other data than the run's own: arrays in memory, or a file, a folder or a glob. */
  readonly data?: MemoryData | string;
  /** train, validation, test or all; by default all. `data` are divided as the run's config says. */
  readonly split?: string;
  /** "best", "latest" or a checkpoint folder; by default best if the run kept it, otherwise latest. */
  readonly checkpoint?: string;
  readonly note?: (text: string) => void;
}

/** A matrix, stored row by row, and the rows that it is about. */
export interface RowMatrix {
  /** rows x columns values. */
  readonly values: Float32Array<ArrayBuffer>;
  readonly rows: number;
  readonly columns: number;
  /** For each row its number among all rows of the data, from 0. */
  readonly rowNumbers: readonly number[];
  /** For each row its name, if the data have row names. */
  readonly rowNames: readonly string[] | null;
}

async function withDataErrors<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw dataError(error);
  }
}

/** Calls `use` with the run. A run that is given as a folder is open only during the call. */
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
    throw new UserError(
      unread,
      "cannot be given for a run that is already open",
      `give ${unread} to restoreRun, or the run's folder here`,
    );
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
 * The latent vectors, one per row, in the order of the rows.
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
 * The reconstructions, in the scale of the transformed data, in the order of the rows.
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

/** Adds the sums of further rows to the previous sums. */
function added(all: Evaluation, more: Evaluation): Evaluation {
  const rows = all.rows + more.rows;
  const sums = (key: keyof ColumnSums) => all.columns![key].map((value, column) => value + more.columns![key][column]!);
  const fits = (key: keyof LikelihoodSums) => all.likelihood![key] + more.likelihood![key];
  return {
    rows,
    nnz: all.nnz + more.nnz,
    loss: (all.loss * all.weight + more.loss * more.weight) / (all.weight + more.weight),
    weight: all.weight + more.weight,
    weighted: all.weighted,
    sse: all.sse + more.sse,
    columns: { sse: sums("sse"), sum: sums("sum"), sumsq: sums("sumsq") },
    likelihood: all.likelihood && { loss: fits("loss"), perfect: fits("perfect"), constant: fits("constant") },
    sampledFrom: null,
  };
}

/**
 * Loss, MSE and R2 of all the rows of a split.
 * @param run a run folder, or an open run of {@linkcode restoreRun}
 * @throws {UserError}
 */
export function evaluate(run: string | Restored, options: ResultOptions = {}): Promise<SplitMetrics> {
  return withRun(run, options, async (restored, split) => {
    rowsOf(restored, split); // a split without rows is refused
    requireAllCategories(restored);
    const { model, source, config } = restored;
    let sums: Evaluation | null = null;
    const parts = splitParts(split);
    // Metrics of several parts use all rows, since a part that is sampled would have too little weight.
    const whole = { max_rows: null, validation_max_rows: null, test_max_rows: null };
    for (const part of parts) {
      if (source.partRows[part] === 0) continue;
      const bounds = parts.length > 1 ? whole : config.evaluation;
      const evaluation = await evaluatePart(model, source, part, { ...config, evaluation: bounds }, { byColumn: true });
      sums = sums ? added(sums, evaluation) : evaluation;
    }
    return metricsOf({ ...sums!, columns: sums!.columns! }, model)!;
  });
}
