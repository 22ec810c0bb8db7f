/** The result of a run in a few words, made of measured values only. */
import type { BaselineMetrics, RunData, SplitMetrics, Summary } from "../core/runs/types.ts";
import { type Content, markup } from "./html.ts";
import { count, error, plural, ratio } from "./format.ts";

export const SPLITS = ["test", "validation", "train"] as const;
export type SplitName = typeof SPLITS[number];

export interface Headline {
  readonly split: SplitName;
  readonly metrics: SplitMetrics;
  /** Principal component analysis of the same size on the same rows. */
  readonly pca: BaselineMetrics | null;
}

/** The part whose metrics are given: test, or else validation, or else train. */
export function headline(summary: Summary | null): Headline | null {
  for (const split of SPLITS) {
    const metrics = summary?.metrics[split];
    if (!metrics) continue;
    const pca = summary!.baseline?.pca?.[split] ?? null;
    // A baseline that was measured on other rows cannot be compared.
    return { split, metrics, pca: pca && pca.rows === metrics.rows && Number.isFinite(pca.r2) ? pca : null };
  }
  return null;
}

/** Outputs of the encoder's last layer; null where there is no model table. */
export function latentWidth(run: RunData): number | null {
  return run.model.findLast((layer) => layer.name.startsWith("encoder."))?.outputs ?? null;
}

const ROWS: Readonly<Record<SplitName, string>> = {
  test: "test row",
  validation: "validation row",
  train: "training row",
};

/** "the 27 test rows", "a sample of 10,000 of the 1,000,000 training rows". */
export function rowsText(split: SplitName, metrics: SplitMetrics): string {
  const from = metrics.sampled_from;
  return typeof from === "number" && from > metrics.rows
    ? `a sample of ${count(metrics.rows)} of the ${plural(from, ROWS[split])}`
    : `the ${plural(metrics.rows, ROWS[split])}`;
}

const SEEN: Readonly<Record<SplitName, string>> = {
  test: ", which took no part in training",
  validation: ", which no weight was trained on",
  train: ", on which it was trained",
};

/**
 * A sentence that compares R2 with that of PCA. Values that agree to three decimals are called equal.
 */
function againstPca(own: number, pca: BaselineMetrics, advice: string | null | undefined): string {
  const [ours, theirs] = [ratio(own), ratio(pca.r2)];
  const components = "Principal component analysis (PCA) with as many components";
  if (ours === theirs) return ` ${components} explains as much.`;
  const verdict = ` ${components} explains ${own > pca.r2 ? "less" : "more"} (${theirs})`;
  return own < pca.r2 && advice ? `${verdict}; ${advice}.` : `${verdict}.`;
}

/** Whether the loss was a negative log-likelihood, by which the result is then told. */
export const isLikelihood = ({ log_likelihood_per_row: found }: SplitMetrics): boolean => typeof found === "number";

/**
 * The result of a run whose loss is a likelihood: R² is of the squared error, for which it was not trained, so R² alone would
 * praise the wrong model.
 */
function likelihoodText(metrics: SplitMetrics, pca: BaselineMetrics | null): Content {
  const { log_likelihood_per_row: likelihood, deviance_explained: deviance, mse, r2 } = metrics;
  const explained = typeof deviance === "number"
    ? markup` and a <b>deviance explained of ${
      ratio(deviance)
    }</b>, where 1 is a perfect reconstruction and 0 is no better than predicting each column’s mean`
    : null;
  const against = pca
    ? ` and ${ratio(pca.r2)} for principal component analysis (PCA) with as many components, which minimises that error`
    : "";
  const squared = Number.isFinite(r2)
    ? `R² is ${ratio(r2)}${against}, and the mean squared error of the network is ${error(mse)}`
    : `it is ${error(mse)} on average`;
  return markup`with a <b>log-likelihood of ${
    error(likelihood)
  } per row</b>${explained}. By the squared error, for which it was not trained, ${squared}.`;
}

/** The sentences that stand on top of a report; null if nothing was measured at the end. */
export function resultSentence(run: RunData): Content {
  const best = headline(run.summary);
  if (!best || !Number.isFinite(best.metrics.mse)) return null;
  const { split, metrics, pca } = best;
  const latent = latentWidth(run);
  const model = latent === null ? "the autoencoder" : `the autoencoder with ${plural(latent, "latent unit")}`;
  const columns = run.summary!.columns;
  const before = metrics.trained_before ?? 0;
  const seen = before > 0 ? `, ${count(before)} of which were trained on before the fork` : SEEN[split];
  const where = `On ${rowsText(split, metrics)}${seen}, ${model} reconstructs ${plural(columns, "column")}`;
  if (isLikelihood(metrics)) return markup`${where} ${likelihoodText(metrics, pca)}`;
  if (!Number.isFinite(metrics.r2)) return markup`${where} with a mean squared error of ${error(metrics.mse)}.`;
  const verdict = metrics.r2 <= 0
    ? "which is no better than predicting each column’s mean"
    : "the share of the variance that it explains";
  const against = pca ? againstPca(metrics.r2, pca, run.summary!.baseline?.advice) : "";
  return markup`${where} with <b>R² ${ratio(metrics.r2)}</b>, ${verdict}.${against} The mean squared error is ${
    error(metrics.mse)
  }, against ${error(metrics.mse_mean_predictor)} for predicting each column’s mean.`;
}
