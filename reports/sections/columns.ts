/** Error by column. */
import type { RunData } from "../../core/runs/types.ts";
import { columnError, type ColumnPoint, DENSITY_LEGEND, drawnColumns } from "../charts/column_error.ts";
import { columnR2, r2Floor } from "../charts/column_r2.ts";
import { count, error, percent, plural, ratio } from "../format.ts";
import { breakable, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { quantile } from "../series.ts";
import { squaredUnit, valueUnit } from "../units.ts";
import { momentText } from "../when.ts";

const LISTED = 10;
const CANDIDATES = 200;
/** Columns in the table behind the figure. */
const TABULATED = 40;

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
  const drawn = drawnColumns(columns);
  const candidates = [...drawn].sort((a, b) => b.variance - a.variance).slice(0, CANDIDATES);
  const floor = r2Floor(columns.map((c) => c.r2));
  const below = columns.filter((c) => c.r2 < floor).length;
  const undrawn = columns.length - drawn.length;
  const note = `${data.split} part, after ${momentText(run, data.epoch)}`;
  const list = (rows: readonly Column[]) => ({
    head: ["column", "mean", "variance", "MSE", "R²"],
    rows: rows.map((c) => [breakable(c.name), error(c.mean), error(c.variance), error(c.mse), ratio(c.r2)]),
    numeric: [1, 2, 3, 4],
  });
  const most = [...columns].sort((a, b) => b.variance - a.variance).slice(0, TABULATED);
  const numbers = numbering.numbers([[
    list(most),
    markup`The ${plural(most.length, "column")} of largest variance${
      most.length < all.length ? markup`; all are in <code>columns.json</code> in the run folder` : null
    }. Mean in ${valueUnit(run.config)}, variance and MSE (mean squared error) in its square.`,
  ]]);
  const listed = Math.min(LISTED, Math.ceil(ranked.length / 2));
  return markup`<div class="grid">${
    numbering.figure(
      columnError(columns, candidates, squaredUnit(run.config)),
      markup`Error against variance of ${
        count(columns.length)
      } columns that vary (${note}). Under the dashed line a column is predicted better than by its mean: ${
        percent(better / columns.length)
      } of them.${
        undrawn > 0 ? ` ${plural(undrawn, "column")} of next to no variance or error lie outside the frame.` : ""
      }${
        columns.length < all.length
          ? ` ${plural(all.length - columns.length, "column")} without a finite error left out.`
          : ""
      }`,
      { legend: DENSITY_LEGEND, below: numbers },
    )
  }${
    numbering.figure(
      columnR2(columns.map((c) => c.r2)),
      markup`Distribution of the columns’ R². 0 is the mean predictor, 1 is perfect.${
        below > 0 ? ` The first bar has ${plural(below, "column")} of less than ${ratio(floor)}, too.` : ""
      }`,
    )
  }</div>
<div class="grid">${
    numbering.table(list(ranked.slice(0, listed)), markup`Best reconstructed of the more variable half of the columns.`)
  }${
    numbering.table(
      list(ranked.slice(-listed).reverse()),
      markup`Worst reconstructed of the more variable half of the columns.`,
    )
  }</div>`;
}
