/** Final metrics of the parts. */
import { COLLAPSED_NATS } from "../../core/diagnostics/divergence.ts";
import type { RunData, SplitMetrics, Summary } from "../../core/runs/types.ts";
import { count, error, percent, ratio } from "../format.ts";
import { type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import type { SplitName } from "../result.ts";
import { squaredUnit, valueUnit } from "../units.ts";
import { momentText } from "../when.ts";

const ROWS: readonly (readonly [string, (m: SplitMetrics) => string])[] = [
  ["R²", (m) => ratio(m.r2)],
  ["R² by column, mean", (m) => ratio(m.column_r2_mean)],
  ["R² by column, median", (m) => ratio(m.column_r2_median)],
  ["Mean squared error", (m) => error(m.mse)],
  ["Root mean squared error", (m) => error(m.rmse)],
  ["Mean predictor’s mean squared error", (m) => error(m.mse_mean_predictor)],
  ["Loss (as the config defines it)", (m) => error(m.loss)],
];

/** Of a loss that is a likelihood. */
const LIKELIHOOD_ROWS: typeof ROWS = [
  ["Deviance explained", (m) => ratio(m.deviance_explained)],
  ["Log-likelihood per row", (m) => error(m.log_likelihood_per_row)],
  ["Log-likelihood per value", (m) => error(m.log_likelihood_per_value)],
];

/** Of a code of few values. */
const CODE_ROWS: typeof ROWS = [
  ["Fraction of variance unexplained", (m) => ratio(m.variance_unexplained)],
  ["Units of a row that are not 0 (L0)", (m) => ratio(m.code_active)],
  ["Dead units", (m) => percent(m.code_dead)],
];

/** Of a variational code. */
const VARIATIONAL_ROWS: typeof ROWS = [
  ["KL divergence of the code, nats a row", (m) => ratio(m.code_kl)],
  ["Collapsed units", (m) => percent(m.code_collapsed)],
];

const COUNT_ROWS: typeof ROWS = [
  ["Columns that vary", (m) => count(m.columns_varying)],
  ["Rows", (m) => count(m.rows)],
  ["Stored values", (m) => count(m.nnz)],
];

interface Defined {
  readonly pca: boolean;
  readonly likelihood: boolean;
  readonly sparse: boolean;
  readonly variational: boolean;
}

function definitions(run: RunData, { pca, likelihood, sparse, variational }: Defined): Html {
  return markup`<dl class="notes">
<dt>R²</dt><dd>is the share of the variance that the reconstruction explains, 1\u00a0−\u00a0Σ (ŷ\u00a0−\u00a0y)² / Σ (ȳ\u00a0−\u00a0y)² over all rows and
columns, for values y, reconstructions ŷ and column means ȳ. It is 1 for a perfect reconstruction, 0 for the mean predictor,
and negative if the reconstruction is worse than that.</dd>
<dt>Mean predictor</dt><dd>is the prediction of ȳ, the mean of the column in the part, for each row. Its error is what an
autoencoder has to improve on.</dd>
<dt>R² by column</dt><dd>is computed for each column that varies in the part, so that columns with a small and a large variance
count the same. In the mean over columns, a value below −1 counts as −1.</dd>
<dt>Mean squared error</dt><dd>is Σ (ŷ\u00a0−\u00a0y)² / (rows × columns), in which zeros count like any other value. Its unit is ${
    squaredUnit(run.config)
  }, and that of its root is ${valueUnit(run.config)}.</dd>${
    pca
      ? markup`\n<dt>PCA</dt><dd>is principal component analysis with as many components as there are latent units.</dd>`
      : null
  }${
    likelihood
      ? markup`\n<dt>Deviance explained</dt><dd>is 1\u00a0−\u00a0D / D̄, where D is twice the distance of the log-likelihood from
that of a perfect reconstruction, and D̄ the same for the mean predictor, both with the dispersions that the model has learned.
The log-likelihood has all constants; it does not have what layers add to the loss.</dd>`
      : null
  }${
    sparse
      ? markup`\n<dt>Fraction of variance unexplained</dt><dd>is 1\u00a0−\u00a0R².</dd>
<dt>L0</dt><dd>is the number of units of the code that are not 0 for a row, on average over the rows of the part.</dd>
<dt>Dead units</dt><dd>are 0 for every row of the part that was measured: their share of all units of the code.</dd>`
      : null
  }${
    variational
      ? markup`\n<dt>KL divergence of the code</dt><dd>is that of the distribution which the encoder gives for a row from the standard
normal one, without the weight that it has in the loss: its sum over the units, on average over the rows.</dd>
<dt>Collapsed units</dt><dd>have less than ${COLLAPSED_NATS} nats of it: their share of all units of the code.</dd>`
      : null
  }
</dl>`;
}

function evaluatedText(run: RunData): string {
  const evaluated = run.summary?.evaluated;
  if (!evaluated) return "the end of the run";
  return `${momentText(run, evaluated.epoch)} (the ${evaluated.checkpoint === "best" ? "best" : "last"} checkpoint)`;
}

type Measured = readonly { readonly name: SplitName; readonly metrics: SplitMetrics }[];

/** PCA's rows of the table, where any part has them. */
function baselineRows(summary: Summary, parts: Measured): Content[][] {
  const pca = parts.map((part) => summary.baseline?.pca?.[part.name]);
  if (!pca.some((p) => p)) return [];
  return [
    ["PCA’s R²", ...pca.map((p) => ratio(p?.r2))],
    ["PCA’s mean squared error", ...pca.map((p) => error(p?.mse))],
  ];
}

/** Sentences that name the parts of which only a sample of the rows was measured. */
function sampledText(parts: Measured): string {
  return parts.filter(({ metrics }) => typeof metrics.sampled_from === "number" && metrics.sampled_from > metrics.rows)
    .map(({ name, metrics }) =>
      ` The metrics of the ${name} part were measured on a sample of ${count(metrics.rows)} of its ${
        count(metrics.sampled_from)
      } rows.`
    ).join("");
}

/** What the loss is weighted by, where it is. */
function weightedText(parts: readonly { metrics: SplitMetrics }[]): string {
  const weighted = parts.map(({ metrics }) => metrics.weighted).find(Boolean);
  return weighted ? ` The loss is weighted by ${weighted}; all other figures count all of them alike.` : "";
}

export function metricsSection(run: RunData, numbering: Numbering): Html {
  const all = run.summary?.metrics;
  const parts = (["train", "validation", "test"] as const)
    .flatMap((name) => all?.[name] ? [{ name, metrics: all[name] }] : []);
  if (parts.length === 0) {
    return missing("Final metrics are measured when a run ends by itself; this run has none.");
  }
  const absent = (["validation", "test"] as const).filter((name) => !all?.[name]);
  const pca = baselineRows(run.summary!, parts);
  const likelihood = parts.some(({ metrics }) => typeof metrics.log_likelihood_per_row === "number");
  const sparse = parts.some(({ metrics }) => typeof metrics.code_active === "number");
  const variational = parts.some(({ metrics }) => typeof metrics.code_kl === "number");
  const shown = [
    ...ROWS,
    ...likelihood ? LIKELIHOOD_ROWS : [],
    ...sparse ? CODE_ROWS : [],
    ...variational ? VARIATIONAL_ROWS : [],
    ...COUNT_ROWS,
  ];
  const table = numbering.table(
    {
      head: ["", ...parts.map((s) => s.name)],
      rows: [...shown.map(([name, show]): Content[] => [name, ...parts.map((s) => show(s.metrics))]), ...pca],
      numeric: parts.map((_, i) => i + 1),
    },
    markup`Metrics of each part of the data, measured with the weights of ${evaluatedText(run)}.${sampledText(parts)}${
      weightedText(parts)
    }${absent.length > 0 ? ` There are no ${absent.join(" or ")} rows.` : ""}`,
  );
  return markup`<div class="wide-narrow">${table}${
    definitions(run, { pca: pca.length > 0, likelihood, sparse, variational })
  }</div>`;
}
