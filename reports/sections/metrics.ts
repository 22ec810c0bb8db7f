/** Final metrics of the splits. */
import type { RunData, SplitMetrics } from "../../core/runs/types.ts";
import { count, number, ratio } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";

const ROWS: readonly (readonly [string, (m: SplitMetrics) => string])[] = [
  ["Loss, as trained", (m) => number(m.loss)],
  ["Mean squared error", (m) => number(m.mse)],
  ["Root mean squared error", (m) => number(m.rmse)],
  ["Mean predictor’s mean squared error", (m) => number(m.mse_mean_predictor)],
  ["R², explained variance", (m) => ratio(m.r2)],
  ["R² by column, mean", (m) => ratio(m.column_r2_mean)],
  ["R² by column, median", (m) => ratio(m.column_r2_median)],
  ["Columns that vary", (m) => count(m.columns_varying)],
  ["Rows", (m) => count(m.rows)],
  ["Values stored", (m) => count(m.nnz)],
];

const DEFINITIONS = markup`<dl class="notes">
<dt>Mean squared error</dt><dd>Σ (ŷ − y)² / (rows × columns): zeros count like any other value.</dd>
<dt>Mean predictor</dt><dd>predicts ȳ, the mean of the column in the split: what is known without a model.</dd>
<dt>R²</dt><dd>1 − Σ (ŷ − y)² / Σ (ȳ − y)², over all rows and columns: 0 is the mean predictor, 1 is perfect, and less than 0
is worse than the mean.</dd>
<dt>R² by column</dt><dd>the same for each column that varies in the split, so that a column of small variance counts as much as
one of large variance. In the mean, less than −1 counts as −1.</dd>
</dl>`;

function evaluatedText(run: RunData): string {
  const evaluated = run.summary?.evaluated;
  if (!evaluated) return "the end of the run";
  return `epoch ${count(evaluated.epoch)}, ${evaluated.checkpoint === "best" ? "the best" : "the last"}`;
}

export function metricsSection(run: RunData, numbering: Numbering): Html {
  const all = run.summary?.metrics;
  const splits = (["train", "validation", "test"] as const)
    .flatMap((name) => all?.[name] ? [{ name, metrics: all[name] }] : []);
  if (splits.length === 0) {
    return missing("Final metrics are measured when a run ends by itself; this one has none.");
  }
  const absent = (["validation", "test"] as const).filter((name) => !all?.[name]);
  const table = numbering.table(
    {
      head: ["", ...splits.map((s) => s.name)],
      rows: ROWS.map(([name, show]) => [name, ...splits.map((s) => show(s.metrics))]),
      numeric: splits.map((_, i) => i + 1),
    },
    markup`Error by split of the weights of ${evaluatedText(run)}.${
      absent.length > 0 ? ` There are no ${absent.join(" and ")} rows.` : ""
    }`,
  );
  return markup`<div class="wide-narrow">${table}${DEFINITIONS}</div>`;
}
