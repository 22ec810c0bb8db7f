/** Reconstruction against truth, column by column. */
import type { ReconstructionDiagnostic, RunData } from "../../core/runs/types.ts";
import { reconstructionPanel } from "../charts/reconstruction_panel.ts";
import { count, error, number, plural, ratio } from "../format.ts";
import { breakable, type Html, markup } from "../html.ts";
import type { Numbering, Table } from "../numbering.ts";
import { missing } from "../page.ts";
import { finite, sum } from "../series.ts";
import { valueUnit } from "../units.ts";
import { momentText } from "../when.ts";

const PANELS = 12;
/** Rows whose values are listed at most. */
const LISTED = 20;

type Column = ReconstructionDiagnostic["columns"][number];

/** What each panel shows, as a row of numbers. */
function panelTable(columns: readonly Column[]): Table {
  return {
    head: ["column", "mean truth", "mean reconstruction", "root mean squared error", "R²"],
    rows: columns.map((c) => {
      const pairs = finite(c.truth.map((x, i) => ({ x, y: c.reconstruction[i] ?? NaN })));
      const mean = (values: readonly number[]) => sum(values) / values.length;
      return [
        breakable(c.name),
        error(mean(pairs.map((p) => p.x))),
        error(mean(pairs.map((p) => p.y))),
        error(Math.sqrt(mean(pairs.map((p) => (p.x - p.y) ** 2)))),
        ratio(c.r2),
      ];
    }),
    numeric: [1, 2, 3, 4],
  };
}

/** Truth and reconstruction of some rows, evenly spread, in the first columns. */
function valueTable(data: ReconstructionDiagnostic, columns: readonly Column[]): Table {
  const shown = Math.min(LISTED, data.rows.length);
  const picked = Array.from({ length: shown }, (_, i) => Math.floor((i * data.rows.length) / shown));
  const first = columns.slice(0, 3);
  return {
    head: ["row", ...first.flatMap((c) => [markup`${breakable(c.name)}, truth`, "reconstruction"])],
    rows: picked.map((i) => [
      count(data.rows[i]),
      ...first.flatMap((c) => [number(c.truth[i], 3), number(c.reconstruction[i], 3)]),
    ]),
    numeric: [0, ...first.flatMap((_, k) => [2 * k + 1, 2 * k + 2])],
  };
}

export function reconstructionSection(run: RunData, numbering: Numbering): Html {
  const data = run.reconstruction;
  if (!data || data.columns.length === 0) return missing("No diagnostic of the reconstruction was written.");
  const drawable = data.columns.filter((c) =>
    c.truth.some((t, i) => Number.isFinite(t) && Number.isFinite(c.reconstruction[i] ?? NaN))
  );
  if (drawable.length === 0) {
    return missing("No column has finite values and reconstructions, so there is nothing to draw.");
  }
  const shown = drawable.slice(0, PANELS);
  const unit = valueUnit(run.config);
  const values = valueTable(data, shown);
  const numbers = numbering.numbers([
    [
      panelTable(shown),
      "The panels as numbers. Means and errors are over the rows drawn, and R² is over all rows of the part.",
    ],
    [
      values,
      markup`Truth and reconstruction of ${
        values.rows.length === data.rows.length
          ? "all"
          : `${count(values.rows.length)} of the ${count(data.rows.length)}`
      } rows in the first ${
        plural(Math.min(3, shown.length), "panel")
      }. The file <code>reconstruction.json</code> in the run folder has all of them.`,
    ],
  ]);
  return numbering.panels(
    shown.map((c) => ({
      title: c.name,
      note: `R² ${ratio(c.r2)}`,
      svg: reconstructionPanel(c.name, c.truth, c.reconstruction, c.r2, unit),
    })),
    markup`Reconstruction against truth in the ${
      shown.length === 1 ? "column" : `${count(shown.length)} columns`
    } with the largest variance. Each point is one of ${
      plural(data.rows.length, "row")
    } of the ${data.split} part, after ${
      momentText(run, data.epoch)
    }. Both axes are in ${unit}, which is the unit of the model’s input. On the dashed line the reconstruction is perfect.`,
    numbers,
  );
}
