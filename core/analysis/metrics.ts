/** The figures of a run by name, as summary.json has them: `validation.loss`, `test.r2`, `seconds.total`, `best_loss`. */
import { nearest } from "../config/nearest.ts";
import { UserError } from "../errors.ts";
import type { AnomalyScores, BaselineMetrics, LabelScores, RowMeasures, SplitMetrics, Summary } from "../runs/types.ts";

const PARTS = ["train", "validation", "test"] as const;

/** Which values of a metric are better; null of what is no measure of quality. */
type Better = "smaller" | "larger" | null;

const SPLIT: Readonly<Record<Exclude<keyof SplitMetrics, "weighted">, Better>> = {
  rows: null,
  nnz: null,
  loss: "smaller",
  mse: "smaller",
  rmse: "smaller",
  r2: "larger",
  mse_mean_predictor: null,
  column_r2_mean: "larger",
  column_r2_median: "larger",
  columns_varying: null,
  sampled_from: null,
  log_likelihood_per_row: "larger",
  log_likelihood_per_value: "larger",
  deviance_explained: "larger",
  code_active: null,
  code_dead: "smaller",
  code_kl: null,
  code_collapsed: "smaller",
  variance_unexplained: "smaller",
  trained_before: null,
};
const BASELINE: Readonly<Record<keyof BaselineMetrics, Better>> = { rows: null, mse: "smaller", r2: "larger" };
const LABELS: Readonly<Record<keyof LabelScores, Better>> = { accuracy: "larger", silhouette: "larger" };
/** Of the diagnostic `row_errors`: how much reconstructions are like their rows, and how well the error tells anomalies. */
const MEASURES: Readonly<Record<keyof RowMeasures, Better>> = {
  rows: null,
  mse: "smaller",
  snr_db: "larger",
  psnr_db: "larger",
  peak: null,
  correlation: "larger",
  spectral_convergence: "smaller",
};
const ANOMALIES: Readonly<Record<keyof AnomalyScores, Better>> = {
  ordinary_rows: null,
  anomalous_rows: null,
  auc: "larger",
  auc_low: "larger",
  auc_high: "larger",
};
const SECONDS: Readonly<Record<keyof Summary["seconds"], true>> = {
  total: true,
  train: true,
  wait: true,
  validation: true,
  checkpoint: true,
  checkpoint_end: true,
  checkpoint_beside: true,
  diagnostics: true,
  evaluation: true,
};

/** Every name, those of the parts first. */
export const METRICS: readonly string[] = [
  ...PARTS.flatMap((part) => Object.keys(SPLIT).map((name) => `${part}.${name}`)),
  ...PARTS.flatMap((part) => Object.keys(BASELINE).map((name) => `baseline.pca.${part}.${name}`)),
  ...["latent", "pca"].flatMap((of) => Object.keys(LABELS).map((name) => `neighbours.${of}.${name}`)),
  ...PARTS.flatMap((part) => Object.keys(MEASURES).map((name) => `row_errors.${part}.${name}`)),
  ...Object.keys(ANOMALIES).map((name) => `row_errors.anomalies.${name}`),
  ...Object.keys(SECONDS).map((name) => `seconds.${name}`),
  ...["best_loss", "best_epoch", "steps", "epochs", "parameters", "columns"],
  ...["rows.train", "rows.validation", "rows.test", "peak_memory_bytes", "resumed"],
];

/**
 * The metric that a text names.
 * @param where the option or the place in a file, for the error
 * @throws {UserError} with the nearest name
 */
export function metricNamed(text: string, where: string): string {
  const name = text.startsWith("metrics.") ? text.slice("metrics.".length) : text;
  if (METRICS.includes(name)) return name;
  const ending = METRICS.find((each) => each.endsWith(`.${name}`) && each.startsWith("validation.")) ??
    METRICS.find((each) => each.endsWith(`.${name}`));
  const meant = ending ?? nearest(name, METRICS);
  throw new UserError(
    where,
    `there is no metric ${text}`,
    meant === undefined ? "a metric is named as in summary.json, e.g. validation.loss" : `did you mean ${meant}?`,
  );
}

/** The value of a metric; null where the summary has none, or one that is not finite. */
export function metricOf(summary: Summary, name: string): number | null {
  const path = PARTS.some((part) => name.startsWith(`${part}.`)) ? `metrics.${name}` : name;
  let value: unknown = summary;
  for (const key of path.split(".")) {
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** Whether larger values of a metric are better; of what is no measure of quality, the smaller is taken for better. */
export function largerIsBetter(name: string): boolean {
  const key = name.slice(name.lastIndexOf(".") + 1);
  const table: Readonly<Record<string, Better>> = name.startsWith("baseline.")
    ? BASELINE
    : name.startsWith("neighbours.")
    ? LABELS
    : name.startsWith("row_errors.anomalies.")
    ? ANOMALIES
    : name.startsWith("row_errors.")
    ? MEASURES
    : SPLIT;
  return Object.hasOwn(table, key) && table[key] === "larger";
}

/** The metric that is taken where none is named: the loss of the validation part, or of the training part without one. */
export function usualMetric(summaries: readonly Summary[]): string {
  return summaries.some((summary) => summary.metrics.validation !== null) ? "validation.loss" : "train.loss";
}
