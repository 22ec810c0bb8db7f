/** Errors of a trained network on one part of the data. */
import type { Model } from "../../ffi/model.ts";
import { feed } from "../data/feed.ts";
import { reading } from "../data/sample.ts";
import type { Part, Source } from "../data/source.ts";
import { weightsText } from "../data/weights.ts";
import type { Config, EvaluationConfig } from "../config/types.ts";
import { kindNamed, LAYERS, LOSSES } from "../config/vocabulary.ts";
import { isCollapsed } from "../diagnostics/divergence.ts";
import type { SplitMetrics } from "../runs/types.ts";

/** Sums over a part by column, from which every metric is computed. */
export interface ColumnSums {
  readonly sse: Float64Array;
  readonly sum: Float64Array<ArrayBuffer>;
  readonly sumsq: Float64Array;
}

/**
 * Sums over a part, of a loss that is a negative log-likelihood: the loss, what it is where every reconstruction is the value
 * itself, and the share of either that does not depend on the reconstruction.
 */
export interface LikelihoodSums {
  readonly loss: number;
  readonly perfect: number;
  readonly constant: number;
}

export interface Evaluation {
  readonly rows: number;
  readonly nnz: number;
  /** Of weighted rows and columns, where they have weights; all else counts all of them alike. */
  readonly loss: number;
  /** Of the rows together: their number where they have no weights. */
  readonly weight: number;
  /** What the loss is weighted by; null where all rows and columns count alike. */
  readonly weighted: ReturnType<typeof weightsText>;
  readonly sse: number;
  readonly columns: ColumnSums | null;
  /** Of a code of few values: for each of its units the number of rows in which it is not 0. */
  readonly active?: Float64Array | null;
  /** Of a variational code: for each latent unit the mean KL divergence from the prior, in nats a row. */
  readonly divergence?: Float64Array | null;
  /** Null for other losses, and without sums by column. */
  readonly likelihood?: LikelihoodSums | null;
  /** Number of rows of the part if these are a random sample of it; null if they are all of its rows. */
  readonly sampledFrom: number | null;
}

/** Progress of an evaluation, reported when the rows of a chunk begin. */
export interface EvaluationProgress {
  readonly part: Part;
  /** Number of rows done, of rows in the chunk that begins, and of rows in total. */
  readonly done: number;
  readonly next: number;
  readonly rows: number;
}

export interface EvaluateOptions {
  /** Whether to keep the sums by column (24 bytes per column). */
  readonly byColumn?: boolean;
  readonly progress?: (info: EvaluationProgress) => void;
}

/** How many rows are evaluated. */
export type RowLimits = Pick<EvaluationConfig, "max_rows" | "validation_max_rows" | "test_max_rows">;

/** The largest number of rows of a part that is evaluated; null for all. */
export function mostRows(config: RowLimits, part: Part): number | null {
  return part === "train" ? config.max_rows : config[`${part}_max_rows`];
}

/** Thrown when {@link Model.stop} has ended an evaluation early. */
export class Stopped extends Error {}

/**
 * Loss and errors of a part, without the random draws of training: of every row, or of a sample if the config limits the rows.
 * @throws {Stopped}
 */
export async function evaluatePart(
  model: Model,
  source: Source,
  part: Part,
  config: Pick<Config, "data" | "loss" | "seed"> & { readonly evaluation: RowLimits },
  { byColumn = false, progress }: EvaluateOptions = {},
): Promise<Evaluation> {
  const { data, seed } = config;
  const { plan, rows: chosen, count } = reading(source, part, data, { most: mostRows(config.evaluation, part), seed });
  const zeros = () => new Float64Array(source.columns);
  const columns = byColumn ? { sse: zeros(), sum: zeros(), sumsq: zeros() } : null;
  let rows = 0, nnz = 0, lossRows = 0, weight = 0, sse = 0;
  const likelihood = { loss: 0, perfect: 0, constant: 0 };
  // What is left to the end of an evaluation is the sum over rows that count alike.
  const together = source.rowWeights === null ? count : 0;
  await model.beginEvaluation(together, together * source.nnz / Math.max(1, source.rows), byColumn);
  const options = { data, epoch: 0, part, training: false, rows: chosen };
  for await (const { window, batches } of feed(plan, options)) {
    progress?.({ part, done: rows, next: window.rows, rows: count });
    const result = await model.evaluate(batches, columns ?? undefined);
    if (result.stopped) throw new Stopped("stopped");
    rows += result.rows;
    nnz += result.nnz;
    lossRows += result.loss * result.weight;
    weight += result.weight;
    sse += result.sse;
    likelihood.loss += result.lossSum;
    likelihood.perfect += result.perfect;
    likelihood.constant += result.constant;
  }
  const rest = await model.endEvaluation(columns?.sse);
  const code = model.layers().findLast((layer) => layer.part === "encoder"); // the model need not be that of the config
  const { few_values, divergence } = code ? kindNamed(LAYERS, code.kind) : {};
  const sums = few_values || divergence ? model.codeSums() : null;
  const sampledFrom = count < source.partRows[part] ? source.partRows[part] : null;
  lossRows += rest.lossRows;
  sse += rest.sse;
  const isLikelihood = byColumn && kindNamed(LOSSES, config.loss.kind).likelihood;
  return {
    ...{ rows, nnz, loss: weight > 0 ? lossRows / weight : NaN, weight, sse, columns, sampledFrom },
    weighted: weightsText(source),
    likelihood: isLikelihood ? likelihood : null,
    active: few_values ? sums : null,
    divergence: divergence ? sums!.map((sum) => sum / rows) : null,
  };
}

/** Sorts `values`. */
function median(values: Float64Array): number {
  if (values.length === 0) return NaN;
  values.sort();
  const middle = values.length >> 1;
  return values.length % 2 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}

/**
 * Sum of squares of each column about its mean in this part. Rounding can leave the sum of a constant column slightly above
 * 0, and reconstructions in f32 do not resolve a column whose standard deviation is below a millionth of the typical one.
 * Both count as constant.
 */
export function columnVariation(columns: ColumnSums, rows: number): Float64Array {
  const about = columns.sum.map((sum, j) => {
    const value = columns.sumsq[j]! - sum * sum / rows;
    return value > 1e-12 * columns.sumsq[j]! ? value : 0;
  });
  const typical = about.reduce((sum, value) => sum + value, 0) / about.length;
  about.forEach((value, j) => {
    if (!(value > 1e-12 * typical)) about[j] = 0;
  });
  return about;
}

/**
 * The smallest value of a column's R2 in their mean; without it a single column of very small variance would dominate.
 */
const COLUMN_R2_FLOOR = -1;

/**
 * Log-likelihood and deviance explained: D2 = 1 - deviance / deviance of the column means of the part, where the deviance of
 * a reconstruction is twice its log-likelihood's distance from that of a perfect one. The dispersions are the model's for all
 * three.
 */
function likelihoodMetrics({ loss, perfect, constant }: LikelihoodSums, rows: number, columns: number, means: number) {
  const span = means + constant - perfect;
  return {
    log_likelihood_per_row: -loss / rows,
    log_likelihood_per_value: -loss / (rows * columns),
    ...span > 0 ? { deviance_explained: 1 - (loss - perfect) / span } : {},
  };
}

/** Of a code of few values. @param active for each unit the rows in which it is not 0 */
function codeMetrics(active: Float64Array, rows: number, unexplained: number) {
  return {
    code_active: active.reduce((sum, count) => sum + count, 0) / rows,
    code_dead: active.reduce((sum, count) => sum + (count === 0 ? 1 : 0), 0) / active.length,
    variance_unexplained: unexplained,
  };
}

/** Of a variational code. @param divergence of each unit, in nats a row */
function divergenceMetrics(divergence: Float64Array) {
  const collapsed = divergence.filter(isCollapsed).length;
  return {
    code_kl: divergence.reduce((sum, nats) => sum + nats, 0),
    code_collapsed: collapsed / divergence.length,
  };
}

/**
 * The metrics of summary.json. R2 compares with predicting the column means of the part.
 * @param model has the loss of the column means, of a loss that is a likelihood
 */
export function metricsOf(
  evaluation: Evaluation & { readonly columns: ColumnSums },
  model: Pick<Model, "meanLoss">,
): SplitMetrics | null {
  const { rows, nnz, loss, weighted, sse, columns, likelihood, active, divergence, sampledFrom } = evaluation;
  if (rows === 0) return null;
  const variation = columnVariation(columns, rows);
  const cells = rows * variation.length;
  let total = 0, varying = 0;
  const everyR2 = new Float64Array(variation.length);
  variation.forEach((about, j) => {
    total += about;
    if (about > 0) everyR2[varying++] = 1 - columns.sse[j]! / about;
  });
  const r2 = everyR2.subarray(0, varying);
  return {
    rows,
    nnz,
    loss,
    ...weighted === null ? {} : { weighted },
    mse: sse / cells,
    rmse: Math.sqrt(sse / cells),
    r2: total > 0 ? 1 - sse / total : NaN,
    mse_mean_predictor: total / cells,
    column_r2_mean: r2.reduce((sum, value) => sum + Math.max(value, COLUMN_R2_FLOOR), 0) / varying,
    column_r2_median: median(r2),
    columns_varying: varying,
    ...likelihood ? likelihoodMetrics(likelihood, rows, variation.length, model.meanLoss(rows, columns.sum)) : {},
    ...active ? codeMetrics(active, rows, sse / total) : {},
    ...divergence ? divergenceMetrics(divergence) : {},
    sampled_from: sampledFrom,
  };
}
