/** Error by column. */
import type { RunData } from "../../core/runs/types.ts";
import { columnError, type ColumnPoint } from "../charts/column_error.ts";
import { columnR2 } from "../charts/column_r2.ts";
import { count, number, percent, plural, ratio } from "../format.ts";
import { type Html, html } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { quantile } from "../series.ts";

const LISTED = 10;
const NAMED = 4;

interface Column extends ColumnPoint {
  readonly mean: number;
  readonly r2: number;
}

export function columnsSection(run: RunData, numbering: Numbering): Html {
  const data = run.columns;
  if (!data || data.column.length === 0) {
    return missing("No diagnostic of the columns was written, so their errors are unknown.");
  }
  const all = data.column.map((index, i): Column => ({
    name: data.name?.[i] ?? `column ${index}`,
    mean: data.mean[i]!,
    variance: data.variance[i]!,
    mse: data.mse[i]!,
    r2: 1 - data.mse[i]! / data.variance[i]!,
  }));
  const columns = all.filter((c) => c.variance > 0 && Number.isFinite(c.mse));
  if (columns.length === 0) return missing("No column varies or has a finite error, so there is nothing to compare.");
  const better = columns.filter((c) => c.r2 > 0).length;
  const threshold = quantile(columns.map((c) => c.variance), 0.5);
  const ranked = columns.filter((c) => c.variance >= threshold).sort((a, b) => b.r2 - a.r2);
  const named = [...columns].sort((a, b) => b.variance - a.variance).slice(0, NAMED);
  const note = `${data.split} split, after epoch ${data.epoch}`;
  const list = (rows: readonly Column[]) => ({
    head: ["", "mean", "variance", "MSE", "R²"],
    rows: rows.map((c) => [c.name, number(c.mean, 3), number(c.variance, 3), number(c.mse, 3), ratio(c.r2)]),
    numeric: [1, 2, 3, 4],
  });
  const listed = Math.min(LISTED, Math.ceil(ranked.length / 2));
  return html`<div class="grid">${
    numbering.figure(
      columnError(columns, named),
      html`Error against variance of ${count(columns.length)} columns that vary (${note}); darker where columns crowd. Under the
dashed line a column is predicted better than by its mean: ${percent(better / columns.length)} of them.${
        columns.length < all.length ? ` ${plural(all.length - columns.length, "column")} without a finite error left out.` : ""
      }`,
    )
  }${
    numbering.figure(columnR2(columns.map((c) => c.r2)), html`Distribution of the columns’ R². 0 is the mean predictor, 1 is perfect.`)
  }</div>
<div class="grid" style="margin-top:1.6rem">${
    numbering.table(list(ranked.slice(0, listed)), html`Best reconstructed, among the half of the columns that vary most.`)
  }${numbering.table(list(ranked.slice(-listed).reverse()), html`Worst reconstructed, among the same.`)}</div>`;
}
