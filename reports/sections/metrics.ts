/** Final metrics of the splits. */
import type { RunData, SplitMetrics } from "../../core/runs/types.ts";
import { count, number, ratio } from "../format.ts";
import { type Html, html } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";

const ROWS: readonly (readonly [string, (m: SplitMetrics) => string])[] = [
  ["Loss, as trained", (m) => number(m.loss)],
  ["Mean squared error", (m) => number(m.mse)],
  ["Root mean squared error", (m) => number(m.rmse)],
  ["Mean squared error of the mean predictor", (m) => number(m.mse_mean_predictor)],
  ["R² (explained variance against the mean predictor)", (m) => ratio(m.r2)],
  ["R² by column, mean", (m) => ratio(m.column_r2_mean)],
  ["R² by column, median", (m) => ratio(m.column_r2_median)],
  ["Columns that vary", (m) => count(m.columns_varying)],
  ["Rows", (m) => count(m.rows)],
  ["Non-zeros", (m) => count(m.nnz)],
];

export function metricsSection(run: RunData, numbering: Numbering): Html {
  const all = run.summary?.metrics;
  const splits = (["train", "validation", "test"] as const)
    .flatMap((name) => all?.[name] ? [{ name, metrics: all[name] }] : []);
  if (splits.length === 0) {
    return missing("Final metrics are measured when a run ends by itself; this one has none.");
  }
  const absent = (["validation", "test"] as const).filter((name) => !all?.[name]);
  return numbering.table(
    {
      head: ["", ...splits.map((s) => s.name)],
      rows: ROWS.map(([name, show]) => [name, ...splits.map((s) => show(s.metrics))]),
      numeric: splits.map((_, i) => i + 1),
    },
    html`Error of the final weights. The mean predictor gives each column’s mean in the split; errors are means over rows and
columns.${absent.length > 0 ? ` There are no ${absent.join(" and ")} rows.` : ""}`,
  );
}
