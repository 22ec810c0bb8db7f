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
    return missing("No diagnostic of the columns was written, so the errors of single columns are unknown.");
  }
  const all = data.column.map((index, i): Column => ({
    name: data.name?.[i] ?? `column ${index}`,
    mean: data.mean[i]!,
    variance: data.variance[i]!,
    mse: data.mse[i]!,
    r2: 1 - data.mse[i]! / data.variance[i]!,
  }));
  const columns = all.filter((c) => c.variance > 0 && Number.isFinite(c.mse));
  if (columns.length === 0) {
    return missing("No column both varies and has a finite error, so there is nothing to draw.");
  }
  const better = columns.filter((c) => c.r2 > 0).length;
  const threshold = quantile(columns.map((c) => c.variance), 0.5);
  const ranked = columns.filter((c) => c.variance >= threshold).sort((a, b) => b.r2 - a.r2);
  const drawn = drawnColumns(columns);
  const candidates = [...drawn].sort((a, b) => b.variance - a.variance).slice(0, CANDIDATES);
  const floor = r2Floor(columns.map((c) => c.r2));
  const below = columns.filter((c) => c.r2 < floor).length;
  const undrawn = columns.length - drawn.length;
  const left = all.length - columns.length;
  const units = `The mean is in ${valueUnit(run.config)}, the variance and the mean squared error (MSE) in its square.`;
  const list = (rows: readonly Column[]) => ({
    head: ["column", "mean", "variance", "MSE", "R²"],
    rows: rows.map((c) => [breakable(c.name), error(c.mean), error(c.variance), error(c.mse), ratio(c.r2)]),
    numeric: [1, 2, 3, 4],
  });
  const most = [...columns].sort((a, b) => b.variance - a.variance).slice(0, TABULATED);
  const numbers = numbering.numbers([[
    list(most),
    markup`The ${plural(most.length, "column")} with the largest variance. ${units}${
      most.length < all.length ? markup` The file <code>columns.json</code> in the run folder has all columns.` : null
    }`,
  ]]);
  const listed = Math.min(LISTED, Math.ceil(ranked.length / 2));
  return markup`<div class="grid">${
    numbering.figure(
      columnError(columns, candidates, squaredUnit(run.config)),
      markup`Mean squared error of each column against its variance, in the ${data.split} part, after ${
        momentText(run, data.epoch)
      }. On the dashed line, the error is as large as that of predicting the column’s mean. ${
        percent(better / columns.length)
      } of the ${count(columns.length)} columns are predicted better and lie below it.${
        undrawn > 0
          ? ` ${plural(undrawn, "column")} with almost no variance or error ${
            undrawn === 1 ? "lies" : "lie"
          } outside the frame.`
          : ""
      }${
        left > 0
          ? ` ${plural(left, "column")} without variance or without a finite error ${
            left === 1 ? "is" : "are"
          } left out.`
          : ""
      }`,
      { legend: DENSITY_LEGEND, below: numbers },
    )
  }${
    numbering.figure(
      columnR2(columns.map((c) => c.r2)),
      markup`Histogram of R² over the same columns. R² of a column is 1\u00a0−\u00a0MSE\u00a0/\u00a0variance: 1 is a perfect reconstruction,
and 0 is no better than predicting the column’s mean.${
        below > 0 ? ` The first bar also counts ${plural(below, "column")} with R² below ${ratio(floor)}.` : ""
      }`,
    )
  }</div>
<div class="grid">${
    numbering.table(
      list(ranked.slice(0, listed)),
      markup`The best reconstructed columns: those with the highest R² among the half with the larger variance. ${units}`,
    )
  }${
    numbering.table(
      list(ranked.slice(-listed).reverse()),
      markup`The worst reconstructed columns: those with the lowest R² among the half with the larger variance. ${units}`,
    )
  }</div>`;
}
